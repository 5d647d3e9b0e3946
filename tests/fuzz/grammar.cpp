// SPDX-License-Identifier: Apache-2.0
#include "grammar.hpp"

#include "cli/command_line.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace fuzz {
namespace {

using sbx::cli::find_option;
using sbx::cli::Option;
using sbx::cli::option_table;
using sbx::cli::OptionRow;

const OptionRow& row_of(Option id) { return option_table[static_cast<std::size_t>(id)]; }

const Words& hostile_paths() {
    static const Words all = {"",
                              ".",
                              "..",
                              "/",
                              "//",
                              "/..",
                              "/../../etc",
                              "a/./b//c",
                              "/payload",
                              "/payload/below",
                              "/proc",
                              "/proc/self/fd/1",
                              "/proc/self/root",
                              "/dev",
                              "/dev/null",
                              "/dev/shm/x",
                              "/usr",
                              "/tmp",
                              "/a/link/below",
                              "/new\nline",
                              "/\x1b[2J",
                              "/\xff\xfe",
                              "/\xc2\x9b"
                              "31m\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8",
                              "/a; --ro-bind / /\xef\xbb\xbf\x9b",
                              "/ ",
                              "--",
                              "-",
                              "--dry-run",
                              "/" + std::string(255, 'n'),
                              "/" + std::string(256, 'n'),
                              std::string(4095, '/') + "x",
                              "/" + std::string(5000, 'p')};
    return all;
}

// Values that are never right, for the kinds that have some.
Words wrong_values(const OptionRow& row, std::string_view kind) {
    const Words no_numbers = {"", "x", "-1", "+1", "1x", " 1", "1 ", "1.0", "99999999999999999999"};
    const auto and_also = [&](Words more) {
        more.insert(more.end(), no_numbers.begin(), no_numbers.end());
        return more;
    };
    if (kind == "FD") return and_also({"2147483648", "0x1"});
    if (kind == "OCTAL") return and_also({"8", "10000", "0x1", "0o7"});
    if (kind == "BYTES") return and_also({"0", "00", "0x", "08", "9223372036854775808"});
    if (kind == "UID" || kind == "GID") return and_also({"4294967295", "4294967296", "0x0"});
    if (kind == "CAP") return {"", "cap_nonsense", "chown", "99", "-1", "cap_chown,cap_kill"};
    if (row.id == Option::warning) return {"", "Show", "nonsense"};
    if (kind == "MODE") return {"", "on", "AUTO", "auto "};
    if (kind == "EDIT") return {"", "ptrace", "allow:", "allow:nonsense", "permit:ptrace"};
    if (kind == "POLICY") return {"", "nonsense", "Default", "/dev/null", "/dev/zero", "./missing"};
    if (kind == "LABEL") return {"label"};
    if (kind == "PROFILE") return {"", "nonsense", "Shell", "./missing", "/dev/zero"};
    if (kind == "OPTION") return {"", "nonsense x", "--dir", "bind /never"};
    if (kind == "NAME" && row.id != Option::hostname) return {"", "=", "A=B"};
    return {};
}

Words kinds_of(const OptionRow& row) {
    Words out;
    std::string_view rest = row.takes_optional() ? "" : row.arguments;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        out.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

// What each option of the line hands in writable.
Words written_by(const Words& words, const sbx::cli::Dialect& dialect) {
    Words out;
    for (const auto& given : sbx::cli::parse_words(words, dialect).options) {
        switch (given.row->id) {
            case Option::bind:
            case Option::bind_try:
            case Option::dev_bind:
            case Option::dev_bind_try:
            case Option::watch_git: out.push_back(given.arguments[0]); break;
            case Option::overlay:
                out.push_back(given.arguments[0]);
                out.push_back(given.arguments[1]);
                break;
            default: break;
        }
    }
    return out;
}

// Whether the line makes a file that is not standard output.
bool saves_file(const Words& words, const sbx::cli::Dialect& dialect) {
    const auto options = sbx::cli::parse_words(words, dialect).options;
    return std::any_of(options.begin(), options.end(), [](const auto& given) {
        const bool saves = given.row->id == Option::save_profile || given.row->id == Option::result;
        return saves && given.arguments[0] != "-";
    });
}

// Whether a policy or a profile is read from a pipe, that of standard output too. Nobody writes to
// it, so that sbx would wait, as it was asked to.
bool waits_for_file(const Words& words, const sbx::cli::Dialect& dialect) {
    const auto options = sbx::cli::parse_words(words, dialect).options;
    return std::any_of(options.begin(), options.end(), [](const auto& given) {
        const bool reads =
            given.row->id == Option::seccomp_policy || given.row->id == Option::profile;
        if (!reads) return false;
        std::error_code error;
        return given.arguments[0].rfind("/proc/", 0) == 0 ||
               std::filesystem::is_fifo(given.arguments[0], error);
    });
}

// Whether the line can do no harm, and will come to an end.
bool is_fair(const Line& line, const std::string& writable) {
    for (const Words& words : {line.words, line.args}) {
        if (waits_for_file(words, line.dialect()) || saves_file(words, line.dialect()))
            return false;
        for (const std::string& path : written_by(words, line.dialect())) {
            std::error_code error;
            const std::string real = std::filesystem::weakly_canonical(path, error).string() + "/";
            const bool below = real.rfind(writable + "/", 0) == 0;
            if (error || path.substr(0, 1) != "/" || !below) return false;
        }
    }
    return true;
}

// Not those that run no command, nor --args, whose content is made of what else there is.
bool may_stand_anywhere(Option id) {
    switch (id) {
        case Option::help:
        case Option::version:
        case Option::doctor:
        case Option::args:
        case Option::share_mount:
        case Option::exec_label:
        case Option::file_label: return false;
        default: return true;
    }
}

bool has_option(const Words& words, const sbx::cli::Dialect& dialect, Option id) {
    const auto options = sbx::cli::parse_words(words, dialect).options;
    return std::any_of(options.begin(), options.end(),
                       [&](const auto& given) { return given.row->id == id; });
}

}  // namespace

bool Line::has(Option id) const {
    return has_option(words, dialect(), id) || has_option(args, dialect(), id);
}

bool Line::takes_nonsense_back() const {
    if (!nonsense_of) return false;
    // A modifier goes with the option after it.
    const bool modifies = *nonsense_of == Option::perms || *nonsense_of == Option::size ||
                          *nonsense_of == Option::overlay_src;
    const std::string_view option = option_table[static_cast<std::size_t>(*nonsense_of)].name;
    for (const Words* from : {&words, &args}) {
        for (const auto& given : sbx::cli::parse_words(*from, dialect()).options) {
            if (given.row->id != Option::unset || given.arguments.empty()) continue;
            const std::string& what = given.arguments[0];
            if (modifies || what.substr(0, what.find(' ')) == option) return true;
        }
    }
    return false;
}

bool Line::says(std::string_view word) const {
    return std::find(words.begin(), words.end(), word) != words.end() ||
           std::find(args.begin(), args.end(), word) != args.end();
}

std::string Generator::source(const OptionRow& row) {
    const std::string top = world_.writable();
    switch (row.id) {
        case Option::bind:
        case Option::bind_try:
        case Option::dev_bind:
        case Option::dev_bind_try:
            return any({top, top + "/directory", top + "/file", top + "/link", top + "/missing",
                        top + "//lower/../directory/."});
        case Option::overlay_src:
            return any({top + "/lower", top + "/directory", world_.directory() + "/fixed"});
        default: break;
    }
    if (!one_in(3)) return any(world_.sources());
    return any({"/usr", "/", "/proc", "/dev", "/dev/null", "/etc/passwd", "/nonexistent",
                "relative", "", top + "/directory"});
}

std::string Generator::descriptor(Option id, Taste taste) {
    if (taste == Taste::wild) {
        return any({"0", "1", "2", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20",
                    "21", "99", "1000000"});
    }
    switch (id) {
        case Option::args: return std::to_string(args_fd);
        case Option::seccomp:
        case Option::add_seccomp_fd: return std::to_string(filter_fd);
        case Option::bind_fd:
        case Option::ro_bind_fd: return std::to_string(directory_fd);
        case Option::block_fd:
        case Option::userns_block_fd: return std::to_string(ended_fd);
        case Option::json_status_fd: return std::to_string(status_fd);
        case Option::userns:
        case Option::userns2: return std::to_string(userns_fd);
        case Option::pidns: return std::to_string(pidns_fd);
        case Option::sync_fd: return std::to_string(unread_fd);
        case Option::info_fd: return std::to_string(pipe_fd);
        case Option::keep_fd: return std::to_string(bad_filter_fd);
        default: return std::to_string(text_fd);
    }
}

std::string Generator::value(const OptionRow& row, std::string_view kind, Taste taste) {
    if (kind == "FD") return descriptor(row.id, taste);
    if (kind == "SRC") return source(row);
    if (kind == "OTHER") return "/rw/file";
    if (kind == "UPPER") return world_.writable() + (one_in(8) ? "/work" : "/upper");
    if (kind == "WORK") return world_.writable() + (one_in(8) ? "/upper" : "/work");
    if (taste == Taste::wild) {
        const Words wrong = wrong_values(row, kind);
        if (!wrong.empty() && one_in(3)) return any(wrong);
    }
    if (kind == "DEST" || kind == "PATH" || kind == "DIR" || kind == "TARGET") {
        if (taste == Taste::wild && one_in(2)) return any(hostile_paths());
        if (row.id == Option::chdir) return any({"/", "/tmp", "/a"});
        if (row.id == Option::watch_git) return world_.writable() + any({"", "/directory"});
        if (row.id == Option::lock_file) return "/payload";
        if (row.id == Option::chmod && !one_in(4)) return any({"/", "/tmp"});
        return any({"/a", "/a/b", "/a/c", "/tmp/d", "/e/f/g", "/h", "/i", "j", "/tmp/k", "/l"});
    }
    if (row.id == Option::warning) {
        return kind == "NAME" ? any({"all", "file-bind", "hidden-mount"}) : any({"show", "hide"});
    }
    if (kind == "OCTAL") return any({"0755", "700", "4755", "0", "7777"});
    if (kind == "BYTES") return any({"65536", "0x100000", "010000000", "1"});
    if (kind == "UID" || kind == "GID") return any({"0", "1", "1000", "65534", "4294967294"});
    if (kind == "NAME") return any({"NAME", "PATH", "HOME", "name\n", "\xff"});
    if (kind == "VALUE") return any({"value", "", "a=b", "new\nline", std::string(5000, 'v')});
    if (kind == "CAP") return any({"cap_chown", "CAP_NET_ADMIN", "CAP_SYS_ADMIN", "ALL", "3"});
    if (kind == "POLICY") {
        return any({"default", "strict", "none", world_.directory() + "/fixed/policy.json"});
    }
    if (kind == "EDIT") return any({"allow:ptrace", "deny:mkdir", "deny:chmod", "allow:mount"});
    if (row.id == Option::watch_git) return any({"tell", "end", "off"});
    if (kind == "MODE") return any({"auto", "require", "off"});
    if (kind == "LABEL") return "label";
    if (kind == "PROFILE") return any({"network", "system", "shell", "x11", "sound"});
    if (kind == "OPTION") return any({"clearenv", "dir /a", "tmpfs", "ro-bind /payload"});
    if (kind == "FILE") return "-";
    throw std::runtime_error("nothing is known to give to --" + std::string(row.name) + ", kind " +
                             std::string(kind));
}

// The option alone, in one of its two forms.
Words Generator::option(const OptionRow& row, Taste taste) {
    Words out = {"--" + std::string(row.name)};
    for (const std::string& kind : kinds_of(row)) out.push_back(value(row, kind, taste));
    return out;
}

// The option, with what must stand before or after it.
Words Generator::item(const OptionRow& row, Taste taste) {
    Words out = option(row, taste);
    const auto join = [&](const Words& more, bool before) {
        out.insert(before ? out.begin() : out.end(), more.begin(), more.end());
    };
    if (taste == Taste::wild && one_in(4)) return out;
    switch (row.id) {
        case Option::perms: join(option(row_of(Option::dir), taste), false); break;
        case Option::size: join(option(row_of(Option::tmpfs), taste), false); break;
        case Option::overlay_src: join(option(row_of(Option::tmp_overlay), taste), false); break;
        case Option::ro_overlay:
            join(option(row_of(Option::overlay_src), taste), true);
            [[fallthrough]];
        case Option::overlay:
        case Option::tmp_overlay: join(option(row_of(Option::overlay_src), taste), true); break;
        default: break;
    }
    return out;
}

Words Generator::misspelt(const OptionRow& row) {
    std::string wrong;
    do {
        wrong = row.name;
        const std::size_t at = below(wrong.size());
        switch (below(5)) {
            case 0: wrong.erase(at, 1); break;
            case 1: wrong.insert(at, 1, wrong[at]); break;
            case 2:
                wrong[at] = wrong[at] == '-' ? '_' : static_cast<char>(wrong[at] - 'a' + 'A');
                break;
            case 3: wrong += any({" ", "\n", "s", "-", "\xff"}); break;
            default: std::swap(wrong[at], wrong[(at + 1) % wrong.size()]); break;
        }
    } while (find_option(wrong) != nullptr || wrong.empty());
    Words out = option(row, Taste::sound);
    out[0] = (one_in(8) ? "-" : "--") + wrong;
    return out;
}

// Puts one thing into the items that no line with it may get away with. True when it must be at the
// very end, where the command would be.
bool Generator::add_nonsense(const OptionRow& row, std::vector<Words>& items, Line& line) {
    const auto put = [&](std::string what, Words words, std::size_t at) {
        line.nonsense = std::move(what);
        const OptionRow* of = sbx::cli::option_named_by(words[0]);
        if (of != nullptr) line.nonsense_of = of->id;
        items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), std::move(words));
        return false;
    };
    const std::size_t anywhere = below(items.size() + 1);
    const Words kinds = kinds_of(row);
    const std::size_t at = kinds.empty() ? 0 : below(kinds.size());
    switch (below(8)) {
        case 0: return put("a modifier of nothing", {"--perms", "700", "--unshare-pid"}, anywhere);
        case 1: return put("another one", {"--size", "65536", "--dir", "/x"}, anywhere);
        case 2: return put("a refused option", {"--share-mount"}, anywhere);
        case 3: line.nonsense = "no command"; return true;
        case 4:
            if (kinds.empty()) break;
            put("a missing argument", option(row, Taste::sound), items.size());
            items.back().resize(1 + at);
            line.nonsense_of.reset();
            return true;
        case 5: break;
        default:
            const Words wrong = kinds.empty() ? Words{} : wrong_values(row, kinds[at]);
            if (wrong.empty()) break;
            Words words = option(row, Taste::sound);
            words[at + 1] = any(wrong);
            // Of policies the last one counts.
            const bool last = row.id == Option::seccomp_policy;
            return put("a wrong " + kinds[at], words, last ? items.size() : anywhere);
    }
    return put("a misspelt option", misspelt(row), anywhere);
}

void Generator::mutate(Words& words) {
    for (std::size_t times = 1 + below(3); times > 0 && !words.empty(); --times) {
        const auto at = words.begin() + static_cast<std::ptrdiff_t>(below(words.size()));
        switch (below(6)) {
            case 0: words.erase(at); break;
            case 1: words.insert(at, std::string(*at)); break;
            case 2:
                std::iter_swap(at,
                               words.begin() + static_cast<std::ptrdiff_t>(below(words.size())));
                break;
            case 3: *at = any(hostile_paths()); break;
            case 4:
                words.insert(at, "--" + std::string(option_table[below(option_table.size())].name));
                break;
            default: at->resize(below(at->size() + 1)); break;
        }
    }
}

Line Generator::attempt(const OptionRow& first) {
    Line line;
    line.name = one_in(2) ? integration::Name::sbx : integration::Name::bwrap;
    const std::size_t choice = below(10);
    const Taste taste = choice < 3 ? Taste::wild : Taste::sound;
    const bool examines = first.id == Option::doctor;  // which takes no command
    const bool ends = first.id == Option::help || first.id == Option::version || examines;
    std::vector<Words> items;
    if (first.id != Option::args) items.push_back(item(first, taste));
    for (std::size_t more = below(6); more > 0; --more) {
        const OptionRow& row = option_table[below(option_table.size())];
        if (may_stand_anywhere(row.id)) items.push_back(item(row, taste));
    }
    const bool at_end = choice >= 7 && !ends && add_nonsense(first, items, line);

    const bool by_descriptor = !at_end && (one_in(4) || first.id == Option::args);
    const std::size_t moved = by_descriptor ? below(items.size() + 1) : 0;
    const Words shown = {"--ro-bind", payload_, "/payload"};
    if (!one_in(8)) line.words = shown;
    for (std::size_t i = 0; i < items.size(); ++i) {
        Words& to = i < moved ? line.args : line.words;
        to.insert(to.end(), items[i].begin(), items[i].end());
    }
    if (by_descriptor) {
        // Where they act does not matter to what is nonsense, but for policies, which are last.
        line.words.insert(line.words.begin(), {"--args", std::to_string(args_fd)});
    }
    if (!at_end && !examines) {
        if (one_in(2)) line.words.emplace_back("--");
        line.words.insert(line.words.end(), {"/payload", "word"});
    }
    if (taste == Taste::wild && one_in(2)) mutate(one_in(4) ? line.args : line.words);
    return line;
}

Line Generator::line(std::uint64_t seed) {
    random_.seed(seed);
    Line out;
    do {
        out = attempt(option_table[seed % option_table.size()]);
    } while (!is_fair(out, world_.writable()));
    return out;
}

}  // namespace fuzz
