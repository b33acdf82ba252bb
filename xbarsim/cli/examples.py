"""This module is an example or two of every command, as its help and the documentation show them."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("demo --quick --out report",),
    "devices": ("devices", "devices bhattacharjee2022 --json"),
    "netlist": (
        "netlist bhattacharjee2022 --rows 16 --cols 8 -o array.cir",
        "netlist mydevice.toml --conductance g.mat --dialect ltspice",
    ),
    "spice": (
        "spice --rows 32 --cols 32 --vectors 5",
        "spice mydevice.toml --conductance g.csv --inputs v.csv --table currents.csv",
    ),
    "campaign": ("campaign mydevice.toml --cases 1000 --workers 2 -o campaign.parquet",),
    "check": (
        "check mydevice.toml --rows 64 --cols 64 --budget 2% --out answers",
        "check array.cir",
    ),
    "transient": ("transient mydevice.toml --rows 32 --cols 8 --deck pulse.cir",),
    "validate": (
        "validate mydevice.toml",
        "validate bhattacharjee2022 --set 'sizes=[[128, 128]]' --set budget=600 --out r128.json",
    ),
    "report": ("report validation/records/mydevice.json -o mydevice.html",),
    "calibrate": (
        "calibrate currents.csv --conductance g.csv",
        "calibrate curves.csv --fit cells --out cells.csv",
    ),
    "train": (
        "train digits-ann -o digits.safetensors",
        "train mnist-vgg5-ann -o vgg5.safetensors --data mnist --minutes 60",
    ),
    "convert": (
        "convert digits.safetensors -o spiking.safetensors --steps 100",
        "convert net.onnx -o spiking.nir --dataset mnist --steps 100",
    ),
    "infer": (
        "infer digits.safetensors --tile 32 --report report.html",
        "infer net.nir --dataset digits --steps 20 --errors 64 --figures figures",
        "infer net.onnx --dataset mnist --images 1000 --chip 3 --json",
    ),
    "cure": ("cure digits.safetensors --tile 64 --chips 3",),
    "cosim": ("cosim spiking.safetensors --images 1 --tile 16 --inject",),
    "bench": ("bench effective peers --quick", "bench --gate"),
    "nir write": ("nir write spiking.safetensors -o spiking.nir",),
    "nir infer": ("nir infer spiking.nir --dataset digits --steps 20",),
    "schema": ("schema device -o device.schema.json",),
    "matrix": ("matrix g.mat g.csv --variable conductance",),
    "raw": ("raw array.raw -o vectors.csv",),
    "doctor": ("doctor",),
    "study software": ("study software",),
    "study all": ("study all --dataset digits --chips 5",),
    "study table1": ("study table1 --dataset digits --gain none --gain column",),
    "study table2": ("study table2 --dataset digits",),
    "study fig3": ("study fig3 --dataset digits --row digits-surrogate",),
    "study fig4": ("study fig4 --dataset digits",),
    "study causes": ("study causes --dataset digits",),
    "study beyond": ("study beyond --dataset digits",),
    "study cure": ("study cure --dataset digits",),
}
"""Command lines without the program's name, by command."""


def epilog(command: str) -> str:
    """Return the examples of a command as Markdown; help joins lines that no empty one parts."""
    lines = [f"- `xbarsim {line}`" for line in EXAMPLES.get(command, ())]
    return "\n\n".join(["**Examples**", *lines]) if lines else ""
