"""The pinned TRL still has what our subclass overrides and calls, under these names and with these parameters."""

import inspect
from importlib.metadata import version

import pytest
from transformers import Trainer
from trl import DPOConfig, DPOTrainer

from training.recipes.dpo import Preferences
from training.recipes.sft import Lessons

SIGNATURES = {
    (DPOTrainer, "_prepare_dataset"): ["dataset", "processing_class", "args", "dataset_name"],
    (DPOTrainer, "_precompute_ref_logps"): ["dataset", "name", "batch_size"],
    (DPOTrainer, "_compute_loss"): ["model", "inputs", "return_outputs"],
    (DPOTrainer, "_send_telemetry"): [],
    (DPOTrainer, "create_model_card"): ["model_name", "dataset_name", "tags"],
    (DPOTrainer, "log"): ["logs", "start_time"],
    (DPOTrainer, "evaluate"): ["eval_dataset", "ignore_keys", "metric_key_prefix"],
    (Trainer, "compute_loss"): ["model", "inputs", "return_outputs", "num_items_in_batch"],
    (Trainer, "create_optimizer"): ["model"],
    (Trainer, "create_scheduler"): ["num_training_steps", "optimizer"],
    (Trainer, "_save"): ["output_dir", "state_dict"],
    (Trainer, "_load_from_checkpoint"): ["resume_from_checkpoint", "model"],
}


def test_trl_is_the_pinned_one():
    assert version("trl").startswith("1.16.")


@pytest.mark.parametrize(("owner", "name"), SIGNATURES, ids=lambda one: getattr(one, "__name__", one))
def test_what_is_overridden_is_there(owner, name):
    parameters = list(inspect.signature(getattr(owner, name)).parameters)
    assert parameters[1:] == SIGNATURES[owner, name]
    ours = Preferences if owner is DPOTrainer else Lessons
    assert getattr(ours, name) is not getattr(owner, name)


def test_the_precomputed_reference_is_asked_for_where_ours_stands():
    source = inspect.getsource(DPOTrainer.__init__)
    assert "self._precompute_ref_logps(" in source
    assert "self._metrics = {" in source
    assert source.index("super().__init__(") < source.index("self._precompute_ref_logps(")
    assert "return self._compute_loss(model, inputs, return_outputs)" in inspect.getsource(DPOTrainer.compute_loss)


def test_losses_are_divided_by_the_batches_of_a_step_by_the_trainer():
    assert DPOTrainer.loss_is_scaled_for_ga is False
    assert Lessons.loss_is_scaled_for_ga is False


def test_the_settings_we_pass_exist():
    known = set(inspect.signature(DPOConfig).parameters)
    assert {"max_length", "precompute_ref_log_probs", "disable_dropout", "train_sampling_strategy"} <= known
