"""Answers to `forget_bias_for`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the gate is computed, so the last digits are lost
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    f = left ** (1 / steps)
    bias = np.log(f / (1 - f))
    return bias


# %% single: exp minus 1 in place of expm1
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    fade = -np.log(left) / steps
    bias = -np.log(np.exp(fade) - 1)
    return bias


# %% single: the sign of the bias
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    fade = -np.log(left) / steps
    bias = np.log(np.expm1(fade))
    return bias


# %% single: times the steps in place of divided by them
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    fade = -np.log(left) * steps
    bias = -np.log(np.expm1(fade))
    return bias


# %% single: the chrono rule: the logarithm of the steps
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    bias = np.log(steps)
    return bias


# %% single: an approximation for long times
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    fade = -np.log(left) / steps
    bias = -np.log(fade)
    return bias


# %% single: left is taken to be what is lost
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    fade = -np.log(1 - left) / steps
    bias = -np.log(np.expm1(fade))
    return bias


# %% single: half is always left, whatever is asked for
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    fade = -np.log(0.5) / steps
    bias = -np.log(np.expm1(fade))
    return bias


# %% single: the square root for every number of steps
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    f = np.sqrt(left)
    bias = np.log(f / (1 - f)) + 0 * steps
    return bias


# %% single: clipped to save the logarithm
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    f = np.clip(left ** (1 / steps), 1e-7, 1 - 1e-7)
    bias = np.log(f) - np.log1p(-f)
    return bias


# %% single: logarithms of base ten
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    fade = -np.log10(left) / steps
    bias = -np.log(np.expm1(fade))
    return bias


# %% double: the sign, and what is lost for what is left
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    fade = -np.log(1 - left) / steps
    bias = np.log(np.expm1(fade))
    return bias


# %% right: by the logit of exp(-fade), with log1p
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    log_f = np.log(left) / steps
    return log_f - np.log(-np.expm1(log_f))


# %% right: with sinh: exp(x) - 1 is 2 exp(x/2) sinh(x/2)
def forget_bias_for(steps, left=0.5):
    if not 0 < left < 1 or np.any(steps <= 0):
        raise ValueError("left lies between 0 and 1, and steps above 0.")
    half = np.log(1 / left) / np.multiply(2, steps)
    return -(half + np.log(2 * np.sinh(half))) if np.max(half) < 700 else -2 * half
