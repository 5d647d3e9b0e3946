// SPDX-License-Identifier: Apache-2.0
// What the child's library must never become: it allocates. Here to see child_symbols.sh say so.
#include <cstdlib>

void* allocate(std::size_t size);
void* allocate(std::size_t size) { return std::malloc(size); }
