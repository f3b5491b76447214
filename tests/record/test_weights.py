"""What a record tells of weights that its run did not learn itself."""

import json

from records import record, weights

from privbench.record.run import read_run


def test_test_patients_alone_contaminate():
    assert not weights(0).contaminated
    assert weights(1).contaminated
    assert weights(2).told == "the weights of the anonymizer prichexy saw 2 of 18 test patients"


def test_a_contaminated_run_is_not_certified_and_says_so_first():
    clean = record("a", 0.8, 0.7, weights=[weights(0), weights(0, "nobody says")])
    assert (clean.certified, clean.contamination, clean.doubt) == (True, None, None)
    run = record("a", 0.8, 0.7, weights=[weights(0), weights(2, of="guidance verifier")])
    told = "the weights of the guidance verifier saw 2 of 18 test patients: every figure of the run is of patients who"
    assert not run.certified
    assert run.contamination == f"{told} were known before."
    assert run.doubt == f"a: {told} were known before."


def test_it_is_told_beside_what_else_is_not_proven():
    run = record("a", 0.8, 0.7, verdict="weak", weights=[weights(2)])
    assert run.doubt.startswith("a: the weights of the anonymizer prichexy saw 2 of 18 test patients: every figure")
    assert " Besides, the attack is weak, so a low figure is no evidence of privacy (" in run.doubt


def test_it_is_read_as_it_was_written(tmp_path):
    run = record("a", 0.8, 0.7, weights=[weights(2, "nobody says what they were trained on")])
    (tmp_path / "run.json").write_text(run.model_dump_json())
    assert read_run(tmp_path) == run
    assert json.loads(run.model_dump_json())["weights"][0]["taken"]["fresh"] == ["model.fc.weight"]
