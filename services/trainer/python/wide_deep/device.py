"""On what Keras computes: on a GPU where its back end finds one, in mixed precision there."""

from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class Device:
    is_gpu: bool
    name: str


def device_of(backend: str) -> Device:
    """Each back end has its own way to ask; Keras has none for all."""
    match backend:
        case "jax":
            import jax

            device = jax.devices()[0]
            return Device(device.platform == "gpu", device.device_kind)
        case "tensorflow":
            import tensorflow

            gpus = tensorflow.config.list_physical_devices("GPU")
            names = [
                tensorflow.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus
            ]
            return Device(True, names[0]) if names else Device(False, "cpu")
        case "torch":
            import torch

            has_gpu = torch.cuda.is_available()
            return Device(has_gpu, torch.cuda.get_device_name() if has_gpu else "cpu")
        case _:
            return Device(False, "cpu")


def take_device(precision: str | None) -> str:
    """Sets Keras's dtype policy, bfloat16 on a GPU if none is wished for, and says in one line what it computes on."""
    backend = keras.backend.backend()
    device = device_of(backend)
    policy = precision or ("mixed_bfloat16" if device.is_gpu else "float32")
    keras.config.set_dtype_policy(policy)
    kind = "GPU" if device.is_gpu else "CPU, no GPU found"
    return f"device: {device.name} ({kind}), {policy}, Keras {keras.__version__} on {backend}"
