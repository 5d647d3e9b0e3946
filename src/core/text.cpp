// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace sbx {

std::string quote(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += digits[byte >> 4U];
            out += digits[byte & 0xfU];
        } else {
            out += c;
        }
    }
    return out + "\"";
}

namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

// $'...' of the shells, in which a byte can be written as \ooo.
std::string ansi_c_quoted(std::string_view word) {
    std::string out = "$'";
    for (const char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\'' || c == '\\') {
            out += '\\';
            out += c;
        } else if (is_control(c)) {
            out += '\\';
            for (const unsigned shift : {6U, 3U, 0U}) {
                out += static_cast<char>('0' + (byte >> shift & 7U));
            }
        } else {
            out += c;
        }
    }
    return out + "'";
}

// "$(printf '...')". What printf itself or a shell could take for something else is octal, too. The
// shell drops line feeds at the end, so these are written out: they can forge nothing.
std::string printf_quoted(std::string_view word) {
    const std::size_t last = word.find_last_not_of('\n');
    const std::size_t end = last == std::string_view::npos ? 0 : last + 1;
    std::string out = end > 0 ? "\"$(printf '" : "";
    for (const char c : word.substr(0, end)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '%') {
            out += "%%";
        } else if (is_control(c) || c == '\'' || c == '\\' || c == '-') {
            out += '\\';
            for (const unsigned shift : {6U, 3U, 0U}) {
                out += static_cast<char>('0' + (byte >> shift & 7U));
            }
        } else {
            out += c;
        }
    }
    if (end > 0) out += "')\"";
    if (end < word.size()) out += "'" + std::string(word.substr(end)) + "'";
    return out;
}

}  // namespace

std::string shell_words(const std::vector<std::string>& argv) {
    static constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
    std::string out;
    for (const std::string& word : argv) {
        if (!out.empty()) out += ' ';
        if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
            out += word;
            continue;
        }
        if (std::any_of(word.begin(), word.end(), is_control)) {
            out += ansi_c_quoted(word);
            continue;
        }
        out += '\'';
        for (const char c : word) {
            if (c == '\'') {
                out += "'\\''";
            } else {
                out += c;
            }
        }
        out += '\'';
    }
    return out;
}

std::string posix_words(const std::vector<std::string>& argv) {
    std::string out;
    for (const std::string& word : argv) {
        if (!out.empty()) out += ' ';
        const bool plain = std::none_of(word.begin(), word.end(), is_control);
        out += plain ? shell_words({word}) : printf_quoted(word);
    }
    return out;
}

std::string error_text(int error) {
    const char* words = strerrordesc_np(error);
    if (words == nullptr) return "error " + std::to_string(error);
    std::string text = words;
    // An abbreviation at the front ("RFS specific error") stays as it is.
    if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

std::string lexically_clean(std::string_view path) {
    std::string out;
    std::size_t at = 0;
    while (at < path.size()) {
        std::size_t end = path.find('/', at);
        if (end == std::string_view::npos) end = path.size();
        const std::string_view part = path.substr(at, end - at);
        if (!part.empty() && part != ".") {
            out += '/';
            out += part;
        }
        at = end + 1;
    }
    return out.empty() ? "/" : out;
}

bool names_directory(std::string_view path) {
    while (path.size() > 1 && path.substr(path.size() - 2) == "/.") path.remove_suffix(1);
    return !path.empty() && path.back() == '/';
}

bool is_at_or_below(std::string_view path, std::string_view base) {
    if (base == "/") return true;
    if (path.substr(0, base.size()) != base) return false;
    return path.size() == base.size() || path[base.size()] == '/';
}

std::string rebased(const std::string& path, const std::string& from, const std::string& to) {
    if (path == from) return to;
    const std::string rest = from == "/" ? path : path.substr(from.size());
    return to == "/" ? rest : to + rest;
}

std::pair<std::string, std::string> split_sentence(const std::string& sentence) {
    bool quoted = false;
    for (std::size_t i = 0; i + 1 < sentence.size(); ++i) {
        if (sentence[i] == '\\' && quoted) {
            ++i;
        } else if (sentence[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && sentence[i] == ';' && sentence[i + 1] == ' ') {
            return {sentence.substr(0, i), sentence.substr(i + 2)};
        }
    }
    return {sentence, ""};
}

}  // namespace sbx
