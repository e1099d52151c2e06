using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Writes with a user's function in their transaction.</summary>
internal static class WorkCases
{
    private static readonly byte[] One = [1];

    internal static IEnumerable<ContractCase> All => new[]
    {
        ContractCase.Of(User_function_runs_after_requirements_and_appends_and_before_changes, LogCapabilities.UserWork),
        ContractCase.Of(User_function_that_throws_stores_nothing_and_its_exception_reaches_the_caller, LogCapabilities.UserWork),
        ContractCase.Of(User_function_does_not_run_when_the_write_is_refused_before_it, LogCapabilities.UserWork),
        ContractCase.Of(Concurrent_user_functions_run_one_after_another, LogCapabilities.UserWork),
        ContractCase.Of(Asynchronous_user_function_is_refused_before_anything_is_done, LogCapabilities.UserWork),
        ContractCase.Of(Log_called_inside_a_user_function_refuses_and_stays_usable, LogCapabilities.UserWork),
        ContractCase.Of(Log_can_be_read_inside_a_user_function, LogCapabilities.UserWork),
        ContractCase.Of(User_function_that_is_cancelled_or_too_late_does_not_run, LogCapabilities.UserWork),
    };

    private static LogWrite Write(long? ifRevision = null) => new() { Appends = [Make.Append("s", Make.Event())], Changes = [RecordChange.Put(RecordKind.Checkpoint, "k", One, ifRevision)] };

    private static async Task User_function_runs_after_requirements_and_appends_and_before_changes(LogUnderTest log)
    {
        await log.PutAsync(RecordKind.Lease, "k", One).ConfigureAwait(false);
        var runs = 0;
        var written = await log.WriteAsync(new()
        {
            Requirements = [RecordRequirement.StartsWith(RecordKind.Lease, "k", One)],
            Appends = Write().Appends,
            Changes = Write(0).Changes,
        }, transaction => runs += transaction is null ? 100 : 1).ConfigureAwait(false);
        Expect.Equal((1, 1, true), (runs, written.Appends.Count, written.Changed[0]), "runs and results");
        Expect.Equal(1L, await log.HeadAsync().ConfigureAwait(false), "head");
        // A refused change comes after the function, and rolls it back.
        written = await log.WriteAsync(Write(0), _ => runs++).ConfigureAwait(false);
        Expect.Equal((2, LogRefusalKind.Change), (runs, written.Refusal?.Kind), "runs and the refusal");
        Expect.Equal(1L, await log.HeadAsync().ConfigureAwait(false), "head after the refusal");
    }

    private static async Task User_function_that_throws_stores_nothing_and_its_exception_reaches_the_caller(LogUnderTest log)
    {
        await log.PutAsync(RecordKind.Checkpoint, "removed", One).ConfigureAwait(false);
        var before = await log.DescribeAsync().ConfigureAwait(false);
        foreach (var failure in new Exception[] { new InvalidTimeZoneException("the work's own"), new StoreUnavailableException("another store's"), new WrongExpectedVersionException([]), new OperationCanceledException("the work's") })
        {
            var thrown = await Expect.ThrowsAsync<Exception>(() => log.WriteAsync(Write(), _ => throw failure), "the write").ConfigureAwait(false);
            Expect.True(ReferenceEquals(failure, thrown), $"the function's own exception reaches the caller, not {thrown}");
            Expect.Equal(before, await log.DescribeAsync().ConfigureAwait(false), "the log");
        }
    }

    private static async Task User_function_does_not_run_when_the_write_is_refused_before_it(LogUnderTest log)
    {
        var runs = 0;
        LogWrite[] writes =
        [
            new() { Requirements = [RecordRequirement.AtRevision(RecordKind.Lease, "none", 1)] },
            new() { Appends = [Make.Append("s", ExpectedVersion.StreamExists, Make.Event())] },
            new() { Appends = [Make.Append("s", Make.WithIds(1, 1))] },
        ];
        foreach (var write in writes) Expect.True((await log.WriteAsync(write, _ => runs++).ConfigureAwait(false)).Refusal is not null, "refused");
        await Expect.ThrowsAsync<ArgumentException>(() => log.WriteAsync(new LogWrite { Changes = [default] }, _ => runs++), "misuse").ConfigureAwait(false);
        Expect.Equal(0, runs, "runs");
    }

    private static async Task Concurrent_user_functions_run_one_after_another(LogUnderTest log)
    {
        var inside = 0;
        var most = await Make.TogetherAsync(8, async _ =>
        {
            var count = 0;
            await log.WriteAsync(Write(), _ =>
            {
                count = Interlocked.Increment(ref inside);
                Thread.Yield();
                Interlocked.Decrement(ref inside);
            }).ConfigureAwait(false);
            return count;
        }).ConfigureAwait(false);
        Expect.Equal((1, 8L), (most.Max(), await log.HeadAsync().ConfigureAwait(false)), "concurrent functions, and the head");
    }

    private static async Task Asynchronous_user_function_is_refused_before_anything_is_done(LogUnderTest log)
    {
        var runs = 0;
        await Expect.ThrowsAsync<ArgumentException>(() => log.WriteAsync(Write(), async _ =>
        {
            runs++;
            await Task.Yield();
        }), "the write").ConfigureAwait(false);
        Expect.Equal((0, 0L), (runs, await log.HeadAsync().ConfigureAwait(false)), "runs and head");
    }

    // The calls are not awaited inside: a log that accepts one then fails the case instead of hanging it.
    private static async Task Log_called_inside_a_user_function_refuses_and_stays_usable(LogUnderTest log)
    {
        var head = GlobalPosition.FromInt64(await log.HeadAsync().ConfigureAwait(false));
        Func<Task>[] calls =
        [
            () => log.AppendAsync("s", Make.Event()),
            () => log.WriteAsync(Write()),
            () => log.WriteAsync(LogWrite.Empty, _ => { }),
            async () => await log.Log.WaitAsync(head, CancellationToken.None).ConfigureAwait(false),
            async () => await log.Log.DisposeAsync().ConfigureAwait(false),
        ];
        for (var i = 0; i < calls.Length; i++)
        {
            // The array keeps the task that is started inside from being awaited.
            var begun = await log.WorkAsync(() => new[] { calls[i]() }).ConfigureAwait(false);
            var refusal = await Expect.ThrowsAsync<InvalidOperationException>(() => begun[0].WaitAsync(Signal.Patience), $"call {i + 1} from inside").ConfigureAwait(false);
            Expect.True(refusal.Message.Contains("tx.Append", StringComparison.Ordinal), $"what to use instead: {refusal.Message}");
        }

        Expect.Equal(0L, await log.HeadAsync().ConfigureAwait(false), "head");
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        Expect.Equal(1L, await log.HeadAsync().ConfigureAwait(false), "head after an append");
    }

    private static async Task Log_can_be_read_inside_a_user_function(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        Task<List<RecordedEvent>>? read = null;
        await log.WriteAsync(Write(), _ => read = log.ReadStreamAsync("s")).ConfigureAwait(false);
        Expect.Equal(2, (await read!.WaitAsync(Signal.Patience).ConfigureAwait(false)).Count, "events that were committed");
    }

    private static async Task User_function_that_is_cancelled_or_too_late_does_not_run(LogUnderTest log)
    {
        var (runs, works) = (0, log.Log.Find<IUserTransactions<object>>()!);
        using var source = new CancellationTokenSource();
        await source.CancelAsync().ConfigureAwait(false);
        await Expect.ThrowsAsync<OperationCanceledException>(async () => await works.WriteAsync(Write(), _ => runs++, source.Token).ConfigureAwait(false), "cancelled").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentNullException>(async () => await works.WriteAsync(Write(), null!, CancellationToken.None).ConfigureAwait(false), "no function").ConfigureAwait(false);
        await log.Log.DisposeAsync().ConfigureAwait(false);
        await Expect.ThrowsAsync<ObjectDisposedException>(async () => await works.WriteAsync(Write(), _ => runs++, CancellationToken.None).ConfigureAwait(false), "too late").ConfigureAwait(false);
        Expect.Equal(0, runs, "runs");
    }
}
