"""This module is the way back from a record to the deck of a circuit that it names."""

from xbarsim.validation.circuits import TestCircuit, circuit_deck, find_circuit
from xbarsim.validation.evidence import ModelEvidence
from xbarsim.validation.record import ValidationRecord
from xbarsim.validation.tiles import network_tiles


def worst_circuit(record: ValidationRecord, model: ModelEvidence | None = None) -> TestCircuit:
    """Return the circuit with the largest error of a model, of the primary one by default.

    Raises:
        ParameterError: If it was given by hand, so that the record cannot draw it again.
        StorageError: If it is a tile of a network whose checkpoint is not there.
    """
    chosen = model or record.primary
    tiles, _ = network_tiles(record.question, record.setting)
    return find_circuit(record.question, chosen.worst.name, record.setting, tiles)


def worst_deck(record: ValidationRecord, model: ModelEvidence | None = None) -> str:
    """Return the deck of the circuit with the largest error of a model, to run by hand.

    Raises:
        ParameterError: If it was given by hand.
        StorageError: If its network's checkpoint is not there.
    """
    chosen = model or record.primary
    circuit = worst_circuit(record, chosen)
    title = f"{record.case}: {circuit.name}, worst for {chosen.name}"
    return circuit_deck(circuit, chosen.worst.vector, title=title)
