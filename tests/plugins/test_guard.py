"""Whatever a plugin does, the message names it; and what is ours, or nobody's, stays as it was."""

import errno
import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from privbench.anonymizers.identity import Identity

import privbench.plugins.interfaces as interfaces
from privbench import Anonymizer, Dataset, InferenceAttack, LinkageAttack, PrivbenchError, SetAnonymizer
from privbench.interfaces import Chunk, Measure, MeasuringTask, ReadingTask
from privbench.plugins.results import RESULTS

HERE = Path(__file__).name
IMAGES = np.zeros((3, 1, 4, 4), np.uint8)


class Method(Anonymizer):
    """Does what it is told, in place of anonymizing."""

    name = "method"
    deterministic = True
    answer = staticmethod(lambda images: images)

    def anonymize(self, images, generator):
        return self.answer(images)

    def displacement(self, images):
        return self.answer(images)


def method(answer):
    return type("Told", (Method,), {"answer": staticmethod(answer)})()


def anonymized(answer):
    return method(answer).anonymize(torch.zeros(2, 1, 4, 4), torch.Generator())


def failing(error):
    def fail(images):
        raise error

    return fail


def test_what_it_raises_is_told_with_kind_name_method_and_line():
    line = inspect.getsourcelines(failing)[1] + 2
    with pytest.raises(PrivbenchError) as told:
        anonymized(failing(ZeroDivisionError("by hand")))
    assert re.fullmatch(
        rf"The anonymizer 'method' failed in anonymize at .*{HERE}:{line} \(ZeroDivisionError: by hand\): "
        r"mend the plugin; --debug shows the traceback\.",
        str(told.value),
    )
    assert isinstance(told.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(0),
        StopIteration(),
        FileNotFoundError(errno.ENOENT, "gone", "w.pt"),
        PermissionError(errno.EACCES, "no"),
        ValueError("out of memory of me"),
    ],
)
def test_no_error_of_its_own_ends_a_run_in_silence_or_without_its_name(error):
    with pytest.raises(PrivbenchError, match="The anonymizer 'method' failed in anonymize"):
        anonymized(failing(error))


@pytest.mark.parametrize(
    "error",
    [
        PrivbenchError("told already"),
        KeyboardInterrupt(),
        OSError(errno.ENOSPC, "No space left on device"),
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_what_is_told_already_or_nobodys_mistake_passes(error):
    with pytest.raises(type(error)) as passed:
        anonymized(failing(error))
    assert passed.value is error


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (lambda images: None, "None"),
        (lambda images: images.numpy(), r"a numpy.ndarray of float32 and shape \(2, 1, 4, 4\)"),
    ],
)
def test_a_wrong_kind_is_told_with_what_came(answer, seen):
    with pytest.raises(PrivbenchError, match=rf"anonymize \(.*{HERE}:\d+\) returns {seen} where it should return a te"):
        anonymized(answer)


def test_a_displacement_has_two_channels():
    images = torch.zeros(2, 1, 4, 4)
    assert method(lambda images: None).displacement(images) is None
    assert method(lambda images: images.expand(-1, 2, -1, -1)).displacement(images).shape == (2, 2, 4, 4)
    with pytest.raises(PrivbenchError, match=r"displacement .* of torch.float32 and shape \(2, 1, 4, 4\)"):
        method(lambda images: images).displacement(images)


class Linking(LinkageAttack):
    name = "linking"

    def fit(self, train, val, guidance, ctx):
        pass

    @property
    def releases(self):
        return self.many

    def similarity(self, gallery, probes, references, ctx):
        return [0.0] * len(probes)

    def similarity_matrix(self, gallery, ctx):
        return torch.zeros(3, 3)

    def image_similarity(self, gallery, ctx):
        return [0.0]

    def measures(self, gallery, originals, ctx):
        return {"one": np.float32(1)}

    def state(self):
        return {"weights": IMAGES}

    def inputs(self):
        return {"weights": Path("w")}


class Inferring(InferenceAttack):
    name = "inferring"
    attributes = ("sex", "age")

    def fit(self, train, val, guidance, ctx):
        pass

    def infer(self, gallery, ctx):
        return {"sex": np.zeros(3)}


class Measuring(MeasuringTask):
    name = "measuring"
    measures = {"one": Measure("", None)}  # noqa: RUF012

    def adopt(self, guidance):
        pass

    def fit(self, train, val, guidance, ctx):
        pass

    def measure(self, test, ctx):
        return {"one": [0.0]}


class Reading(ReadingTask):
    name = "reading"

    def fit(self, train, val, guidance, ctx):
        pass

    def predict(self, images, ctx):
        return np.array(["much"] * len(images))


class Table(Dataset):
    name = "table"
    findings = ("Mass",)

    def source(self, request):
        return {"size": np.int64(3)}

    def table(self, request):
        return {"image": []}

    def read(self, table, request):
        yield Chunk(IMAGES)
        yield IMAGES


def attributes(**changed):
    one = Linking()
    vars(one).update(changed)
    return one


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: attributes(many="two").releases, "releases .* returns 'two' where it should return a number from 1"),
        (lambda: attributes().releases, "'linking' failed in releases .*AttributeError"),
        (lambda: Linking().similarity(None, IMAGES, IMAGES, None), "returns a list where .* array of numbers"),
        (lambda: Linking().similarity_matrix(None, None), "a torch.Tensor of torch.float32 and shape .* array of nu"),
        (lambda: Linking().image_similarity(None, None), "a list where it should return None or a numpy array of nu"),
        (lambda: Linking().measures(None, None, None), "'one': a numpy.float32 .* a dict of Python's numbers"),
        (lambda: Linking().state(), "'weights': a numpy.ndarray .* a dict of tensors"),
        (lambda: Linking().terms(), "inputs .* a dict of texts"),
        (lambda: Inferring().infer(None, None), "'sex': a numpy.ndarray .* for each of `attributes`"),
        (lambda: Measuring().adopt(None), "utility 'measuring': adopt .* returns None .* True or False"),
        (lambda: Measuring().measure(None, None), "'one': a list} .* numpy arrays of numbers"),
        (lambda: Reading().predict(IMAGES, None), "a numpy.ndarray of <U4 .* array of numbers"),
        (lambda: Table().source(None), "'size': a numpy.int64 .* what JSON can hold"),
        (lambda: Table().table(None), "dataset 'table': table .* a pandas DataFrame"),
        (lambda: list(Table().read(None, None)), "a numpy.ndarray of uint8 .* a privbench.interfaces.Chunk"),
    ],
)
def test_what_each_method_returns_is_looked_at(call, told):
    with pytest.raises(PrivbenchError, match=told):
        call()


def test_every_method_of_an_interface_is_guarded():
    """A new one is not forgotten: it is named among the results, or this fails."""
    classes = [
        one for _, one in inspect.getmembers(interfaces, inspect.isclass) if one.__module__ == interfaces.__name__
    ]
    methods = {
        name
        for one in classes
        if issubclass(one, interfaces.Plugin)
        for name, value in vars(one).items()
        if inspect.isfunction(method := getattr(value, "fget", value)) and not getattr(method, "__final__", False)
    }
    assert methods == set(RESULTS)


def test_chunks_are_read_one_by_one_and_what_fails_between_them_is_told():
    class Failing(Table):
        def read(self, table, request):
            yield Chunk(IMAGES)
            raise ValueError("the second")

    chunks = Failing().read(pd.DataFrame(), None)
    assert next(chunks).images is IMAGES
    with pytest.raises(PrivbenchError, match=r"dataset 'table' failed in read .*\(ValueError: the second\)"):
        next(chunks)


def test_parts_of_a_set_are_looked_at_one_by_one():
    class Whole(SetAnonymizer):
        name = "whole"
        deterministic = True

        def anonymize_set(self, images, table, generator):
            yield torch.zeros(1, 1, 4, 4)
            yield None

    parts = Whole().anonymize_set(None, pd.DataFrame(), torch.Generator())
    assert next(parts).shape == (1, 1, 4, 4)
    with pytest.raises(
        PrivbenchError, match=r"anonymizer 'whole': anonymize_set .* returns None where it should return"
    ):
        next(parts)


def test_a_plugin_may_catch_its_own_errors_and_those_of_its_bases():
    class Careful(Method):
        def anonymize(self, images, generator):
            try:
                return super().anonymize(images, generator)
            except ZeroDivisionError:
                return self.fallback(images)

        def fallback(self, images):
            return images

    Careful.answer = staticmethod(failing(ZeroDivisionError()))
    images = torch.zeros(1, 1, 4, 4)
    assert Careful().anonymize(images, torch.Generator()) is images


def test_a_method_that_comes_from_no_plugin_is_guarded_too():
    class Helper:
        def anonymize(self, images, generator):
            return None

    class Mixed(Helper, Anonymizer):
        name = "mixed"
        deterministic = True

    with pytest.raises(PrivbenchError, match="'mixed': anonymize .* returns None"):
        Mixed().anonymize(torch.zeros(1, 1, 4, 4), torch.Generator())


def test_a_constructor_that_sets_no_params_or_fails_is_told():
    class Forgetful(Method):
        def __init__(self, **params):
            self.width = 3

    class Failing(Method):
        def __init__(self, **params):
            super().__init__(**params)
            raise ValueError("by hand")

    with pytest.raises(
        PrivbenchError, match=r"__init__ .* sets no params, which super\(\).__init__\(\*\*params\) sets"
    ):
        Forgetful()
    with pytest.raises(PrivbenchError, match="failed in __init__ .*ValueError: by hand"):
        Failing()


def test_what_is_ours_stays_as_it_is():
    assert not hasattr(Identity.anonymize, "is_guarded")
    with pytest.raises(AttributeError):
        Identity().anonymize(None, None).nothing  # noqa: B018

    class Named(Identity):
        name = "named"

    assert Named.anonymize is Identity.anonymize
