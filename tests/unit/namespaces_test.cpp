// SPDX-License-Identifier: Apache-2.0
#include "system/namespace_flags.hpp"

#include <sbx/namespaces.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <set>

using namespace sbx;

namespace {

constexpr std::array all = {Namespace::user,   Namespace::mount, Namespace::pid,
                            Namespace::ipc,    Namespace::uts,   Namespace::network,
                            Namespace::cgroup, Namespace::time};

}  // namespace

TEST_CASE("NamespaceSet: adding and removing") {
    NamespaceSet set;
    CHECK(set.empty());
    for (const Namespace one : all) {
        CHECK_FALSE(set.has(one));
        set.add(one);
        CHECK(set.has(one));
    }
    CHECK(set == NamespaceSet(0xffU));
    set.remove(Namespace::pid | Namespace::time);
    for (const Namespace one : all) {
        CHECK(set.has(one) == (one != Namespace::pid && one != Namespace::time));
    }
    set.remove(Namespace::pid);
    CHECK_FALSE(set.has(Namespace::pid));
    set.remove(set);
    CHECK(set.empty());
}

TEST_CASE("NamespaceSet: union and intersection") {
    const NamespaceSet a = Namespace::user | Namespace::mount;
    const NamespaceSet b = Namespace::mount | Namespace::ipc;
    CHECK((a & b) == NamespaceSet(Namespace::mount));
    CHECK((a | b) == (Namespace::user | Namespace::mount | Namespace::ipc));
    CHECK((a & NamespaceSet()).empty());
}

TEST_CASE("each namespace has a kernel flag of its own") {
    std::set<std::uint64_t> flags;
    for (const Namespace one : all) flags.insert(sys::clone_flags(one));
    CHECK(flags.size() == all.size());
    CHECK_FALSE(flags.contains(0));
    CHECK(sys::clone_flags(NamespaceSet()) == 0);
    CHECK(sys::clone_flags(Namespace::user) == 0x10000000);  // CLONE_NEWUSER
    CHECK(sys::clone_flags(Namespace::time) == 0x80);        // CLONE_NEWTIME
}
