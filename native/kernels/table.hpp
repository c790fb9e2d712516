// The table of all kernels, for the instruction set that this file is being compiled for.
#pragma once

#include "accumulate.hpp"
#include "activation.hpp"
#include "adam.hpp"
#include "add_bias.hpp"
#include "average_pool.hpp"
#include "binarize.hpp"
#include "binary_matmul.hpp"
#include "bop.hpp"
#include "channel_sums.hpp"
#include "conv2d.hpp"
#include "conv2d_fused_updates.hpp"
#include "conv2d_input_gradient.hpp"
#include "conv2d_weight_gradient.hpp"
#include "copy.hpp"
#include "copy_channels.hpp"
#include "decay_weights.hpp"
#include "flatten_bits.hpp"
#include "fused_updates.hpp"
#include "gradient_exponent.hpp"
#include "input_gradient.hpp"
#include "max_pool.hpp"
#include "max_pool_gradient.hpp"
#include "mean_squared_error.hpp"
#include "norm_apply.hpp"
#include "norm_gradient.hpp"
#include "norm_gradient_sums.hpp"
#include "norm_sign.hpp"
#include "norm_statistics.hpp"
#include "numbers.hpp"
#include "optimizer_tick.hpp"
#include "peak.hpp"
#include "quantise_input.hpp"
#include "real_matmul.hpp"
#include "real_sign.hpp"
#include "sgd.hpp"
#include "sigmoid_cross_entropy.hpp"
#include "softmax_cross_entropy.hpp"
#include "weight_gradient.hpp"

// What prediction runs.
#include "byte_conv2d.hpp"
#include "byte_matmul.hpp"
#include "packed_conv2d.hpp"
#include "packed_matmul.hpp"
#include "threshold.hpp"

namespace linocut::LINOCUT_NS {

// A kernel's header has the functions `units` and `run`, or, where it has several phases, two arrays of them.
inline Kernel kernel_of(Units units, Run run) { return {{{units, run}}}; }

template <int phases>
inline Kernel kernel_of(const Units (&units)[phases], const Run (&run)[phases]) {
    static_assert(phases <= most_phases);
    Kernel kernel;
    for (int phase = 0; phase < phases; ++phase) kernel.phases[phase] = {units[phase], run[phase]};
    return kernel;
}

inline KernelTable make_table(const char* isa) {
    KernelTable table;
    table.isa = isa;
#define OP(code, name, signature) table.kernels[code] = kernel_of(name::units, name::run);
#include "../ops.def"
#undef OP
    table.peaks = {peak::xnor, peak::int8, peak::floats};
    return table;
}

}  // namespace linocut::LINOCUT_NS
