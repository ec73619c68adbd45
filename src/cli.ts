// The composition root arrives with the first command.
