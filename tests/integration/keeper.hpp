// SPDX-License-Identifier: Apache-2.0
// Namespaces that a test prepares, as a container manager does: a process holds them open until its
// object is gone.
#pragma once

#include "sandbox.hpp"

#include <sys/types.h>

#include <string>

namespace integration {

class Keeper {
public:
    /// What there is besides the user namespace, in which the caller is root.
    enum class With {
        nothing,
        child,  ///< a second user namespace below the first, with the same ids
        pid,    ///< a pid namespace, and a process that is its pid 1
    };
    explicit Keeper(With with);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper();

    int user() const { return user_.get(); }    ///< descriptor of the user namespace
    int child() const { return child_.get(); }  ///< of the one below it
    int pid_namespace() const { return pid_namespace_.get(); }
    /// The inode number that the link of that namespace says: "user:[4026531837]".
    static std::string name_of(int descriptor);

private:
    pid_t pid_ = -1;
    Pipe life_;
    Descriptor user_;
    Descriptor child_;
    Descriptor pid_namespace_;
};

}  // namespace integration
