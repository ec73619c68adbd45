"""The menu entry."""

from krita import Extension, Krita
from PyQt5.QtWidgets import QApplication, QMessageBox, QProgressDialog

from .upreel_service import UpreelError
from .upscale import upscale_document


class UpreelExtension(Extension):
    def setup(self):
        pass

    def createActions(self, window):
        action = window.createAction("upreel_upscale", "Upscale (upreel)", "tools/scripts")
        action.triggered.connect(self.upscale)

    def upscale(self):
        document = Krita.instance().activeDocument()
        if document is None:
            return
        progress = QProgressDialog("Upscaling...", None, 0, 100)
        progress.setMinimumDuration(500)

        def show(event):
            if event["event"] == "progress":
                progress.setValue(int(event["fraction"] * 100))
            QApplication.processEvents()

        try:
            result = upscale_document(document, show)
            Krita.instance().activeWindow().addView(result)
        except UpreelError as error:
            QMessageBox.warning(None, "Upscale", str(error))
        finally:
            progress.close()
