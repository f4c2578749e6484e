"""Operations with backward passes of their own, which keep less and compute less than torch's.

Each is equal to the plain operations that its docstring names; tensors are (T, ...). Products are
computed in the type of the frozen weights, which may be bfloat16; what learns stays float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

HEAD_ROWS = 128


@dataclass(frozen=True, eq=False)
class Bucket:
    """Branches of similar length, side by side.

    `rows` (count x longest,) are their rows in the sequence, filled up with some of them; the rows
    `real` of the sequence are at `places` among these.
    """

    count: int
    longest: int
    rows: Tensor
    places: Tensor
    real: Tensor


def linear(x: Tensor, weight: Tensor, factor: float, pairs: tuple[Tensor, ...]) -> Tensor:
    """Return `x W^T` of a frozen W, and for each part of its rows a low-rank addition.

    `pairs` are a and b of each part, one after another, or nothing.
    """
    return _called(_Linear, x, weight, factor, *pairs)


def normed(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Return the root-mean-square norm with a frozen weight, in the weight's type."""
    return _called(_Normed, x, weight, epsilon)


def gated(both: Tensor) -> Tensor:
    """Return `silu(gate) up` of both beside each other."""
    return _called(_Gated, both)


def turned(x: Tensor, cosine: Tensor, sine: Tensor, heads: int) -> Tensor:
    """Turn the first `heads` by rotary positions (Su et al., arXiv 2104.09864)."""
    return _called(_Turned, x, cosine, sine, heads)


def gathered(x: Tensor, bucket: Bucket) -> Tensor:
    """Take the rows of a bucket; nothing is learnt from what only fills it up."""
    return _called(_Gathered, x, bucket)


def joined(length: int, begin: int, buckets: list[Bucket], parts: list[Tensor]) -> Tensor:
    """Put the rows of the scene and of all buckets back in the order of the sequence."""
    return _called(_Joined, length, begin, buckets, *parts)


def word_losses(hidden: Tensor, head: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy, (n,) float, of a frozen head over the words."""
    return _called(_Words, hidden, head, targets)


def _called(function: Any, *arguments: Any) -> Tensor:
    """Apply an operation."""
    out: Tensor = function.apply(*arguments)
    return out


class _Linear(torch.autograd.Function):
    """See `linear`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, factor: float, *pairs: Tensor) -> Tensor:
        x, pairs = x.to(weight.dtype), tuple(p.to(weight.dtype) for p in pairs)
        out = x @ weight.T
        ctx.factor, ctx.rank = factor, len(pairs[0]) if pairs else 0
        low = down = x.new_empty(0)
        if pairs:
            down = torch.cat(pairs[::2]) if len(pairs) > 2 else pairs[0]
            low = x @ down.T
            for b, columns, part in _parts(pairs[1::2], ctx.rank):
                out[:, columns].addmm_(low[:, part], b.T, alpha=factor)
        ctx.save_for_backward(x, weight, low, down, *pairs[1::2])
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        x, weight, low, down, *ups = ctx.saved_tensors
        g = gradients[0].to(weight.dtype)
        dx = g @ weight
        if not ups:
            return dx, None, None
        pulled = g.new_empty(len(g), len(down))
        d_ups = []
        for b, columns, part in _parts(ups, ctx.rank):
            torch.mm(g[:, columns], b, out=pulled[:, part])
            d_ups.append((low[:, part].T @ g[:, columns]).mul_(ctx.factor).T)
        dx.addmm_(pulled, down, alpha=ctx.factor)
        d_downs = (pulled.T @ x).mul_(ctx.factor).split(ctx.rank)
        return dx, None, None, *(d for pair in zip(d_downs, d_ups, strict=True) for d in pair)


class _Normed(torch.autograd.Function):
    """See `normed`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        scale = weight.to(x.dtype)
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        spread = (norm.square_().div_(x.shape[-1]).add_(epsilon)).rsqrt_()
        ctx.save_for_backward(x, scale, spread)
        normed: Tensor = (x * spread).mul_(scale)
        return normed.to(weight.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        x, weight, spread = ctx.saved_tensors
        g = gradients[0].to(x.dtype) * weight
        pull = (g * x).sum(-1, keepdim=True).mul_(spread.pow(3)).div_(x.shape[-1])
        return g.mul_(spread).addcmul_(x, pull, value=-1.0), None, None


class _Gated(torch.autograd.Function):
    """See `gated`."""

    @staticmethod
    def forward(ctx: Any, both: Tensor) -> Tensor:
        gate, up = both.chunk(2, -1)
        ctx.save_for_backward(both)
        return functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (g,), (both,) = gradients, ctx.saved_tensors
        gate, up = both.chunk(2, -1)
        out = torch.empty_like(both)
        d_gate, d_up = out.chunk(2, -1)
        torch.mul(g, functional.silu(gate), out=d_up)
        torch.ops.aten.silu_backward.grad_input(g * up, gate, grad_input=d_gate)
        return out


class _Turned(torch.autograd.Function):
    """See `turned`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cosine: Tensor, sine: Tensor, heads: int) -> Tensor:
        ctx.save_for_backward(cosine, sine)
        ctx.heads = heads
        out = x.clone()
        _turn(out[:, :heads], cosine, sine, 1.0)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        cosine, sine = ctx.saved_tensors
        g = gradients[0].clone(memory_format=torch.contiguous_format)
        _turn(g[:, : ctx.heads], cosine, sine, -1.0)
        return g, None, None, None


class _Gathered(torch.autograd.Function):
    """See `gathered`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bucket: Bucket) -> Tensor:
        ctx.bucket, ctx.shape = bucket, x.shape
        return x.index_select(0, bucket.rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        out = gradients[0].new_zeros(ctx.shape)
        real = gradients[0].index_select(0, ctx.bucket.places)
        return out.index_copy_(0, ctx.bucket.real, real), None


class _Joined(torch.autograd.Function):
    """See `joined`."""

    @staticmethod
    def forward(ctx: Any, length: int, begin: int, buckets: Any, *parts: Tensor) -> Tensor:
        ctx.begin, ctx.buckets = begin, buckets
        out = parts[0].new_empty(length, parts[0].shape[-1])
        out[:begin] = parts[0]
        for bucket, part in zip(buckets, parts[1:], strict=True):
            out.index_copy_(0, bucket.real, part.index_select(0, bucket.places))
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (g,) = gradients
        parts = [g[: ctx.begin]]
        for bucket in ctx.buckets:
            part = g.new_zeros(len(bucket.rows), g.shape[-1])
            part.index_copy_(0, bucket.places, g.index_select(0, bucket.real))
            parts.append(part)
        return None, None, None, *parts


class _Words(torch.autograd.Function):
    """Keeps the gradient, which is small, and not the logits, which are large."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor) -> Tensor:
        hidden = hidden.to(head.dtype)
        kind = torch.promote_types(head.dtype, torch.float32)
        losses = hidden.new_empty(len(hidden), dtype=kind)
        pull = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for start in range(0, len(hidden), HEAD_ROWS):
            rows = slice(start, start + HEAD_ROWS)
            logits = (hidden[rows] @ head.T).to(kind)
            which = torch.arange(len(logits)), targets[rows]
            whole = logits.logsumexp(-1, keepdim=True)
            losses[rows] = whole[:, 0] - logits[which]
            if pull is not None:
                shares = logits.sub_(whole).exp_()
                shares[which] -= 1.0
                torch.mm(shares.to(head.dtype), head, out=pull[rows])
        ctx.save_for_backward(*([] if pull is None else [pull]))
        return losses

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (pull,) = ctx.saved_tensors
        return pull * gradients[0][:, None].to(pull.dtype), None, None


def _parts(ups: Any, rank: int) -> list[tuple[Tensor, slice, slice]]:
    """Return each matrix with its columns of the output and of the low-rank middle."""
    parts, start = [], 0
    for number, b in enumerate(ups):
        parts.append((b, slice(start, start + len(b)), slice(number * rank, (number + 1) * rank)))
        start += len(b)
    return parts


def _turn(x: Tensor, cosine: Tensor, sine: Tensor, way: float) -> None:
    """Turn the two halves of every head of (T, heads, size), in place."""
    first, second = x.chunk(2, -1)
    before = first.clone()
    first.mul_(cosine).addcmul_(second, sine, value=-way)
    second.mul_(cosine).addcmul_(before, sine, value=way)
