// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

template class std::vector<sbx::Step>;
template class std::vector<sbx::Entry>;
