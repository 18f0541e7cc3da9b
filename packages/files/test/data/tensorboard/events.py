"""Reads our event file as TensorBoard does, and writes one with TensorBoard's own writer.

Run with tensorboard 2.21.0: python events.py
"""

import json
import pathlib
import shutil
import tempfile

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, histogram_pb2, summary_pb2, tensor_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

HERE = pathlib.Path(__file__).parent


def read_ours():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HERE / "ours.tfevents", folder)
        events = EventAccumulator(folder, size_guidance={"scalars": 0, "histograms": 0, "images": 0, "tensors": 0})
        events.Reload()
        tags = events.Tags()
        histograms = {}
        for tag in tags["histograms"]:
            h = events.Histograms(tag)[0].histogram_value
            histograms[tag] = [h.min, h.max, h.num, h.sum, h.sum_squares, list(h.bucket_limit), list(h.bucket)]
        return {
            "version": events.file_version,
            "scalars": {tag: [[e.wall_time, e.step, str(e.value)] for e in events.Scalars(tag)] for tag in tags["scalars"]},
            "histograms": histograms,
            "images": {
                tag: [[e.step, e.width, e.height, list(e.encoded_image_string)] for e in events.Images(tag)] for tag in tags["images"]
            },
            "texts": {tag: [[e.step, e.tensor_proto.string_val[0].decode()] for e in events.Tensors(tag)] for tag in tags["tensors"]},
        }


def write_theirs():
    with open(HERE / "theirs.tfevents", "wb") as file:
        writer = RecordWriter(file)

        def add(**fields):
            writer.write(event_pb2.Event(wall_time=1700000000.5, **fields).SerializeToString())

        def value(**fields):
            return summary_pb2.Summary(value=[summary_pb2.Summary.Value(**fields)])

        add(file_version="brain.Event:2")
        add(step=3, summary=value(tag="loss", simple_value=0.25))
        both = summary_pb2.Summary()
        both.value.add(tag="a", simple_value=1)
        both.value.add(tag="b", simple_value=-2)
        add(step=2**40, summary=both)
        histogram = histogram_pb2.HistogramProto(min=0, max=2, num=3, sum=3, sum_squares=5, bucket_limit=[1, 2], bucket=[1, 2])
        add(step=4, summary=value(tag="h", histo=histogram))
        add(step=5, summary=value(tag="i", image=summary_pb2.Summary.Image(height=1, width=2, colorspace=3, encoded_image_string=b"png")))
        metadata = summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text"))
        add(step=6, summary=value(tag="t", metadata=metadata, tensor=tensor_pb2.TensorProto(dtype=7, string_val=[b"caf\xc3\xa9"])))
        add(step=7, graph_def=b"graph")
        writer.close()


write_theirs()
(HERE / "ours.json").write_text(json.dumps(read_ours(), indent=1) + "\n")
