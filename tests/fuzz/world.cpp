// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fuzz {
namespace {

namespace fs = std::filesystem;

using integration::Descriptor;
using integration::file_with;

void write_file(const fs::path& path, std::string_view text) { std::ofstream(path) << text; }

std::string filter_of(std::vector<sock_filter> code) {
    return {reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter)};
}

}  // namespace

World::World(const std::string& directory) : directory_(directory) {
    const fs::path fixed = directory + "/fixed";
    fs::create_directories(fixed / "directory/below");
    write_file(fixed / "file", "text");
    write_file(fixed / "directory/file", "text");
    write_file(fixed / "policy.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
    write_file(fixed / "bad.json", R"({"defaultAction": "SCMP_ACT_ALOW"})");
    write_file(fixed / "new\nline", "");
    write_file(fixed / "\xff\xfe", "");
    write_file(fixed / "secret", "");
    ::chmod((fixed / "secret").c_str(), 0);
    ::mkfifo((fixed / "fifo").c_str(), 0644);
    fs::create_symlink("directory", fixed / "link");
    fs::create_symlink("loop", fixed / "loop");
    fs::create_symlink("/", fixed / "root");
    fs::create_symlink("missing", fixed / "dangling");
    for (const auto& entry : fs::directory_iterator(fixed)) {
        sources_.push_back(entry.path().string());
    }
    std::sort(sources_.begin(), sources_.end());
    renew();
}

void World::renew() const {
    const fs::path top = writable();
    ::chmod(top.c_str(), 0700);  // a --chmod may have been meant for it
    integration::remove_tree(top.string());
    for (const char* name : {"directory/below", "lower", "upper", "work"}) {
        fs::create_directories(top / name);
    }
    write_file(top / "file", "text");
    write_file(top / "directory/file", "text");
    fs::create_symlink("directory", top / "link");
}

std::string World::listing(What what) const {
    std::vector<std::string> lines;
    for (auto at = fs::recursive_directory_iterator(directory_,
                                                    fs::directory_options::skip_permission_denied);
         at != fs::recursive_directory_iterator(); ++at) {
        const fs::path path = at->path();
        if (what == What::fixed && path == writable()) {
            at.disable_recursion_pending();
            continue;
        }
        struct stat status {};
        ::lstat(path.c_str(), &status);
        std::ostringstream line;
        line << path.string() << " " << std::oct << status.st_mode << " " << status.st_uid;
        if (S_ISREG(status.st_mode)) line << " " << integration::read_whole(path.string());
        if (S_ISLNK(status.st_mode)) line << " " << fs::read_symlink(path).string();
        lines.push_back(line.str());
    }
    std::sort(lines.begin(), lines.end());
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
}

Descriptors::Descriptors(const World& world, const Words& args)
    : status_pipe(integration::make_pipe()), other_pipe(integration::make_pipe()) {
    std::string content;
    for (const std::string& word : args) content += word + '\0';
    all[text_fd] = file_with("text");
    all[args_fd] = file_with(content);
    all[filter_fd] = file_with(filter_of({{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}}));
    all[bad_filter_fd] = file_with(filter_of({{BPF_RET | BPF_K, 1, 1, 0}, {0xffff, 0, 0, 0}}));
    all[directory_fd] = Descriptor(
        ::open((world.writable() + "/directory").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    all[ended_fd] = integration::make_pipe().read;
    all[status_fd] = std::move(status_pipe.write);
    all[pipe_fd] = std::move(other_pipe.write);
    all[unread_fd] = integration::make_pipe().write;
    all[userns_fd] = Descriptor(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
    all[pidns_fd] = Descriptor(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
}

std::vector<std::pair<int, int>> Descriptors::numbers() const {
    std::vector<std::pair<int, int>> out;
    for (const auto& [number, fd] : all) out.emplace_back(number, fd.get());
    return out;
}

std::string Descriptors::status() {
    all.clear();
    std::string out(65536, '\0');
    ::fcntl(status_pipe.read.get(), F_SETFL, O_NONBLOCK);  // what is left of the line has it, too
    const ssize_t got = ::read(status_pipe.read.get(), out.data(), out.size());
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
}

}  // namespace fuzz
