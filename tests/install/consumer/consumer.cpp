// consumer.cpp: a C++ program that uses the installed library: makes a network, runs it on numbers
// in the shape of one image, and adds up the probabilities.
// SPDX-License-Identifier: MIT
#include <alexnet.h>
#include <iostream>
#include <memory>
#include <numeric>
#include <vector>

template <auto close> struct closer {
    template <class T> void operator()(T *handle) const { close(handle); }
};
template <class T, auto close> using owner = std::unique_ptr<T, closer<close>>;

int main()
{
    alexnet_context *ctx     = nullptr;
    alexnet_model   *model   = nullptr;
    alexnet_session *session = nullptr;

    alexnet_options options = alexnet_options_default();
    options.threads = 1;
    if (alexnet_open(&options, &ctx) != ALEXNET_OK) return 1;
    owner<alexnet_context, alexnet_close> own_ctx(ctx);

    if (alexnet_model_create(ctx, "cifar-19pct", nullptr, 1, &model) != ALEXNET_OK) return 1;
    owner<alexnet_model, alexnet_model_free> own_model(model);

    if (alexnet_session_open(model, 1, nullptr, &session) != ALEXNET_OK) return 1;
    owner<alexnet_session, alexnet_session_close> own_session(session);

    alexnet_model_info info;
    alexnet_model_get_info(model, &info);
    const int count = info.input[0] * info.input[1] * info.input[2];
    std::vector<float> pixels(static_cast<std::size_t>(count));
    std::vector<float> probs(static_cast<std::size_t>(info.classes));
    std::iota(pixels.begin(), pixels.end(), 0.0f);
    if (alexnet_session_run(session, pixels.data(), 1, probs.data()) != ALEXNET_OK) return 1;

    std::cout << "C++, library " << alexnet_version() << ": " << probs.size()
              << " probabilities, sum " << std::accumulate(probs.begin(), probs.end(), 0.0f) << "\n";
    return 0;
}
