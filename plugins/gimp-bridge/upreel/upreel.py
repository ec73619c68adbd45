#!/usr/bin/env python3
"""Filters > Enhance > Upscale: asks the upreel service on this machine. Python's standard library and gi only."""

import os
import sys

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Gegl, Gimp, GLib, GObject

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)

import upreel_work
from upreel_service import Service, UpreelError

PROCEDURE = "plug-in-upreel-upscale"
CONFIG_FILE = os.path.join(HERE, "bridge-config.json")


def _(text):
    return GLib.dgettext(None, text)


def N_(text):
    return text


class Upreel(Gimp.PlugIn):
    def do_set_i18n(self, _name):
        return True, "upreel", None

    def do_query_procedures(self):
        return [PROCEDURE]

    def do_create_procedure(self, name):
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("*")
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES)
        procedure.set_menu_label(_("Ups_cale (upreel)..."))
        procedure.add_menu_path("<Image>/Filters/Enhance")
        procedure.set_documentation(
            _("Enlarge with a neural network"),
            _("Enlarges the image, a layer or the selection with a network of the ESRGAN family, on this machine. "
              "upreel computes it, and is started when it is not running."),
            name)
        procedure.set_attribution("upreel", "MIT", "2026")
        _add_arguments(procedure)
        return procedure


def _add_arguments(procedure):
    flags = GObject.ParamFlags.READWRITE
    # A string and no choice: GIMP remembers choices from when the plug-in was registered, models come and go.
    procedure.add_string_argument("model", _("_Model"), _("Id of a model, empty for upreel's default"), "", flags)
    source = Gimp.Choice.new()
    source.add("layer", 0, _("The selected layers"), "")
    source.add("image", 1, _("The whole image"), "")
    source.add("selection", 2, _("The selection"), "")
    procedure.add_choice_argument("source", _("_What"), _("What to upscale"), source, "image", flags)
    target = Gimp.Choice.new()
    target.add("new-image", 0, _("A new image"), "")
    target.add("new-layer", 1, _("A new layer"), "")
    target.add("in-place", 2, _("This image, enlarged"), "")
    procedure.add_choice_argument("target", _("_Into"), _("Where the result goes"), target, "new-image", flags)
    size_by = Gimp.Choice.new()
    size_by.add("scale", 0, _("By a factor"), "")
    size_by.add("width", 1, _("To a width"), "")
    procedure.add_choice_argument("size-by", _("Si_ze"), _("How the size is given"), size_by, "scale", flags)
    procedure.add_double_argument("scale", _("_Factor"), _("How many times as wide"), 1, 16, 4, flags)
    procedure.add_int_argument("width", _("Wi_dth"), _("Width of the result in pixels"), 1, 524288, 3840, flags)
    procedure.add_double_argument("denoise", _("_Noise removal"),
                                  _("100: all of it; less leaves grain. Only for models that can"), 0, 100, 100, flags)
    procedure.add_double_argument("strength", _("S_trength"),
                                  _("100: the network's result; less: blended with plain resampling"), 0, 100, 100, flags)
    procedure.add_boolean_argument("ensemble", _("_Best quality (8 times the work)"),
                                   _("Ask the network for turned and mirrored copies too, and take the mean"), False, flags)
    procedure.add_int_argument("tile", _("Til_e size"), _("In pixels; smaller needs less memory. 0: as the model needs"),
                               0, 4096, 0, flags)
    procedure.add_image_return_value("result-image", _("Result"), _("The image that has the result"), True, flags)
    procedure.add_layer_return_value("result-layer", _("Result's layer"), _("The layer that has the result"), True, flags)


def run(procedure, run_mode, image, drawables, config, _data):
    # Everything is caught: GIMP would only say "execution error" of an exception, without its words.
    try:
        Gegl.init(None)
        service = Service(CONFIG_FILE)
        if run_mode == Gimp.RunMode.INTERACTIVE:
            # Not before: it wants a display.
            from upreel_dialog import ask

            if not ask(procedure, config, image, drawables, service, _):
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
        return _run(procedure, run_mode, image, drawables, config, service)
    except UpreelError as error:
        return _failure(procedure, str(error))
    except Exception as error:
        return _failure(procedure, _("Unexpected failure: {}").format(f"{type(error).__name__}: {error}"))


def _run(procedure, run_mode, image, drawables, config, service):
    settings = upreel_work.Settings(config, _)
    Gimp.progress_init(_("Upscaling"))
    progress = Progress()
    Gimp.context_push()
    try:
        results = upreel_work.run(service, image, drawables, settings, progress)
    finally:
        Gimp.context_pop()
        Gimp.progress_end()
    # Also when the last values are used again: else the image would exist and nobody would see it.
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        if settings.target == "new-image":
            for made, _layer in results:
                Gimp.Display.new(made)
        Gimp.displays_flush()
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    made, layer = results[0]
    for position, (kind, value) in enumerate(((Gimp.Image, made), (Gimp.Layer, layer)), start=1):
        values.remove(position)
        values.insert(position, GObject.Value(kind, value))
    return values


class Progress:
    """The service's events on GIMP's progress bar."""

    def __init__(self):
        self.text = None

    def __call__(self, event):
        kind = event["event"]
        if kind == "progress":
            self._say(_("Upscaling"))
            Gimp.progress_update(event["fraction"])
        elif kind == "queued":
            self._say(_("Waiting for {} other jobs").format(event["position"]))
            Gimp.progress_pulse()
        elif kind == "preparing":
            self._say(_("Loading the model"))
            Gimp.progress_pulse()
        elif kind == "pull":
            self._say(_("Fetching {}").format(event["model"]))
            Gimp.progress_update(event["bytesDone"] / max(1, event["bytesTotal"]))

    def _say(self, text):
        if text != self.text:
            Gimp.progress_set_text(text)
            self.text = text


def _failure(procedure, message):
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), message, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)


Gimp.main(Upreel.__gtype__, sys.argv)
