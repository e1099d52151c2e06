using System.Collections.Concurrent;
using static EventSourcing.Testing.Contract.StoreUnderTest;

#pragma warning disable RS0030 // These cases block on an append on purpose.

namespace EventSourcing.Testing.Contract;

/// <summary>How a caller may take the result of an append: by awaiting it, by blocking, and in every wrong way.</summary>
internal static class AnswerCases
{
    private const int Blocked = 8, Awaiting = 4, Rounds = 40;

    internal static IEnumerable<ContractCase> OfLog =>
    [
        ContractCase.Of(Append_can_be_awaited_by_blocking),
        ContractCase.Of(Misused_result_of_an_append_affects_no_other_append),
    ];

    internal static IEnumerable<ContractCase> OfStore =>
    [
        ContractCase.Of(Append_to_the_store_can_be_awaited_by_blocking),
        ContractCase.Of(Misused_result_of_the_store_affects_no_other_append),
    ];

    private static Task Append_can_be_awaited_by_blocking(LogUnderTest log) => BlockAsync(log, AppendTo(log));

    private static Task Append_to_the_store_can_be_awaited_by_blocking(StoreUnderTest store) => BlockAsync(store.Log, AppendTo(store));

    private static Task Misused_result_of_an_append_affects_no_other_append(LogUnderTest log) => MisuseAsync(log, AppendTo(log));

    private static Task Misused_result_of_the_store_affects_no_other_append(StoreUnderTest store) => MisuseAsync(store.Log, AppendTo(store));

    private static Func<StreamId, ValueTask<AppendResult>> AppendTo(LogUnderTest log) =>
        stream => log.Log.AppendAsync(Make.Append(stream, Make.Event()), CancellationToken.None);

    private static Func<StreamId, ValueTask<AppendResult>> AppendTo(StoreUnderTest store) =>
        stream => store.Store.AppendAsync(stream, ExpectedVersion.Any, [new Added(1)]);

    private static async Task BlockAsync(LogUnderTest log, Func<StreamId, ValueTask<AppendResult>> append)
    {
        await Make.TogetherAsync(Blocked + Awaiting, async caller =>
        {
            StreamId stream = $"caller-{caller}";
            for (var round = 1; round <= Rounds; round++)
            {
                var pending = append(stream);
                var result = caller < Blocked ? pending.GetAwaiter().GetResult() : await pending.ConfigureAwait(false);
                Expect.Equal(round, result.VersionOf(stream), "the version that the caller is answered with");
            }

            return 0;
        }).ConfigureAwait(false);
        Expect.Equal((Blocked + Awaiting) * Rounds, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task MisuseAsync(LogUnderTest log, Func<StreamId, ValueTask<AppendResult>> append)
    {
        var kept = new ConcurrentBag<(ValueTask<AppendResult> Pending, StreamId Stream, long Version)>();
        await Make.TogetherAsync(Misuses.Length + Awaiting, async caller =>
        {
            StreamId stream = $"caller-{caller}";
            for (var round = 1; round <= Rounds; round++)
            {
                var pending = append(stream);
                if (caller >= Misuses.Length)
                {
                    Expect.Equal(round, (await pending.ConfigureAwait(false)).VersionOf(stream), "the version of a caller who does nothing wrong");
                    continue;
                }

                kept.Add((pending, stream, round));
                foreach (var answer in await Misuses[caller](pending).ConfigureAwait(false)) Judge(answer, stream, round);
                // The next append of a caller follows its last one, whatever happened to the results.
                while (await log.VersionAsync(stream).ConfigureAwait(false) < round) await Task.Yield();
            }

            return 0;
        }).ConfigureAwait(false);
        foreach (var (pending, stream, version) in kept) Judge(await TryAsync(() => pending.AsTask()).ConfigureAwait(false), stream, version);
        Expect.Equal((Misuses.Length + Awaiting) * Rounds, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    // A caller receives its own result or none.
    private static void Judge(AppendResult? answer, StreamId stream, long version)
    {
        if (answer is { } result) Expect.Equal<StreamRange>([new(stream, version, version, 1)], result.Streams, "the answer taken");
    }

    // Each of these misuses a value task.
    private static Func<ValueTask<AppendResult>, Task<AppendResult?[]>>[] Misuses =>
    [
        pending => Task.WhenAll(TryAsync(() => pending.AsTask()), TryAsync(() => pending.AsTask())),
        async pending => [await TryAsync(() => pending.AsTask()).ConfigureAwait(false), await TryAsync(() => pending.AsTask()).ConfigureAwait(false)],
        pending => Task.WhenAll(TryAsync(async () => await pending.ConfigureAwait(false)), TryAsync(async () => await pending.ConfigureAwait(false))),
        pending => Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => TryAsync(() => Task.FromResult(pending.GetAwaiter().GetResult()))))),
        async pending => [await TryAsync(() => Task.FromResult(pending.Result)).ConfigureAwait(false), await TryAsync(() => Task.FromResult(pending.Result)).ConfigureAwait(false)],
        pending => Task.WhenAll(TryAsync(() => pending.AsTask()), Task.Run(() => TryAsync(() => Task.FromResult(pending.Result)))),
        pending => Task.WhenAll(TryAsync(() => pending.Preserve().AsTask()), TryAsync(() => pending.Preserve().AsTask())),
        _ => Task.FromResult<AppendResult?[]>([]),
    ];

    private static async Task<AppendResult?> TryAsync(Func<Task<AppendResult>> take)
    {
        try
        {
            return await take().ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
