"""OpenCV's dnn module on the CPU."""
import cv2

VERSION = f"OpenCV {cv2.__version__}"


def open_network(network, side, folder, threads, variant):
    cv2.setNumThreads(threads)
    net = cv2.dnn.readNetFromONNX(network)

    def run(picture):
        net.setInput(picture)
        return net.forward()

    return run
