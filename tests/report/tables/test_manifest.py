from records import record

from privbench.report.tables.manifest import manifest, protocol


def test_protocol_and_manifest_hold_every_field():
    run = record("a", 0.8, 0.9, params={"b": {"c": [1, None], "d": ""}})
    fields = {row[0].text: row[1].text for group in protocol(run).groups for row in group.rows}
    assert fields["siamese · params · epochs"] == str(run.protocol["attacks"]["siamese"]["params"]["epochs"])
    assert fields["train_file"] == "–"
    origin = {row[0].text: row[1].text for group in manifest(run)[0].groups for row in group.rows}
    assert origin["b · c"] == "[1, null]"
    assert origin["commit"] == "not from a checkout"
    assert origin["fingerprint"] == run.fingerprint
