using System.Collections.Concurrent;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Subscriptions whose checkpoint is stored in the user's database.</summary>
internal static class OutsideCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(External_checkpoint_is_committed_with_the_effect_and_resumed_from),
        ContractCase.Of(External_checkpoint_leaves_no_checkpoint_in_the_log),
        ContractCase.Of(External_checkpoint_of_a_partitioned_subscription_is_loaded_by_partition),
        ContractCase.Of(External_checkpoint_passes_the_token_of_the_last_event_to_a_batch),
        ContractCase.Of(External_checkpoint_starts_at_the_given_position_while_there_is_no_token),
        ContractCase.Of(External_checkpoint_refuses_enlisted_effects_and_resets),
        ContractCase.Of(External_checkpoint_that_cannot_be_loaded_is_loaded_again),
        ContractCase.Of(External_checkpoint_of_another_history_faults_the_subscription),
        ContractCase.Of(External_checkpoint_never_passes_an_event_that_is_not_parked_yet),
        ContractCase.Of(External_checkpoint_is_refused_where_the_log_has_one),
        ContractCase.Of(Stale_runner_is_refused_by_the_users_database),
    ];

    private static async Task External_checkpoint_is_committed_with_the_effect_and_resumed_from(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(10)).ConfigureAwait(false);
        var database = new Database();
        for (var run = 1; run <= 3; run++)
        {
            var bus = Subscribing.On(log);
            await using (bus.ConfigureAwait(false))
            {
                var subscription = await bus.SubscribeAsync("s", database.Handler(), new() { LoadToken = database.LoadAsync }).ConfigureAwait(false);
                await Subscribing.WaitAsync(subscription, run * 10).ConfigureAwait(false);
            }

            await log.AppendAsync("a", Make.Numbered(10)).ConfigureAwait(false);
        }

        Expect.Equal(Make.CountTo(30), database.Effects, "effects, each once and in order");
        Expect.True(database.Asked.Count >= 3, "the token is asked for by each run");
    }

    private static async Task External_checkpoint_leaves_no_checkpoint_in_the_log(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(5)).ConfigureAwait(false);
        var database = new Database();
        var bus = Subscribing.On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("s", database.Handler(), new() { LoadToken = database.LoadAsync, CheckpointEvery = 1 }).ConfigureAwait(false);
            await Subscribing.WaitAsync(subscription, 5).ConfigureAwait(false);
        }

        Expect.Equal(0, (await log.Log.ReadRecordsAsync(RecordKind.Checkpoint, "", null, 10, CancellationToken.None).ConfigureAwait(false)).Count, "checkpoints");
        Expect.Equal(1, (await log.Log.ReadRecordsAsync(RecordKind.Lease, "", null, 10, CancellationToken.None).ConfigureAwait(false)).Count, "leases");
    }

    private static async Task External_checkpoint_of_a_partitioned_subscription_is_loaded_by_partition(LogUnderTest log)
    {
        for (var i = 0; i < 40; i++) await log.AppendAsync($"s-{i}", Make.Event()).ConfigureAwait(false);
        var database = new Database();
        for (var run = 0; run < 2; run++)
        {
            var bus = Subscribing.On(log);
            await using (bus.ConfigureAwait(false))
            {
                var subscription = await bus.SubscribeAsync("s", database.Handler(), new() { IsPartitioned = true, LoadToken = database.LoadAsync }).ConfigureAwait(false);
                await Subscribing.WaitAsync(subscription, 40).ConfigureAwait(false);
            }

            Expect.Equal(Make.CountTo(40), database.Effects.Order(), "effects, each once");
        }

        Expect.Equal(Enumerable.Range(0, 16), database.Asked.Distinct().Order(), "partitions asked for");
    }

    private static async Task External_checkpoint_passes_the_token_of_the_last_event_to_a_batch(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(10)).ConfigureAwait(false);
        var tokens = (await log.ReadAllAsync().ConfigureAwait(false)).ConvertAll(e => e.Token);
        var received = new ConcurrentQueue<(ResumeToken Last, ResumeToken? Handed)>();
        var bus = Subscribing.On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawBatches((events, delivery, _) =>
            {
                received.Enqueue((events.Span[^1].Token, delivery.ResumeToken));
                return Task.CompletedTask;
            });
            var subscription = await bus.SubscribeAsync("s", handler, new() { LoadToken = static (_, _) => Task.FromResult<ResumeToken?>(null), CheckpointEvery = 4 }).ConfigureAwait(false);
            await Subscribing.WaitAsync(subscription, 10).ConfigureAwait(false);
        }

        Expect.True(received.All(row => row.Last == row.Handed), "the token of the last event");
        Expect.Equal(tokens[^1], received.Last().Handed!.Value, "the last token");
    }

    private static async Task External_checkpoint_starts_at_the_given_position_while_there_is_no_token(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(5)).ConfigureAwait(false);
        var database = new Database();
        var bus = Subscribing.On(log);
        await using (bus.ConfigureAwait(false))
        {
            var token = (await log.ReadAllAsync().ConfigureAwait(false))[2].Token;
            var subscription = await bus.SubscribeAsync("s", database.Handler(), new() { From = StartFrom.After(token), LoadToken = database.LoadAsync }).ConfigureAwait(false);
            await Subscribing.WaitAsync(subscription, 5).ConfigureAwait(false);
        }

        Expect.Equal([4, 5], database.Effects, "effects");
    }

    private static async Task External_checkpoint_refuses_enlisted_effects_and_resets(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        var thrown = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        var bus = Subscribing.On(log, new EventStore(log.Log, EventTypeMap.Empty));
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((_, delivery, _) =>
            {
                try
                {
                    delivery.Append(new Append { CommandId = "c" });
                }
                catch (InvalidOperationException e)
                {
                    thrown.TrySetResult(e);
                }

                return Task.CompletedTask;
            });
            var subscription = await bus.SubscribeAsync("s", handler, new() { LoadToken = static (_, _) => Task.FromResult<ResumeToken?>(null) }).ConfigureAwait(false);
            Expect.True((await thrown.Task.WaitAsync(Subscribing.Patience).ConfigureAwait(false)).Message.Contains("LoadToken", StringComparison.Ordinal), "the message gives the reason");
            await Subscribing.WaitAsync(subscription, 1).ConfigureAwait(false);
            await Expect.ThrowsAsync<InvalidOperationException>(() => subscription.ResetAsync(StartFrom.Beginning), "the reset").ConfigureAwait(false);
        }
    }

    private static async Task External_checkpoint_that_cannot_be_loaded_is_loaded_again(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var (database, asked) = (new Database(), 0);
        var bus = Subscribing.On(log);
        await using (bus.ConfigureAwait(false))
        {
            var options = new SubscriptionOptions
            {
                LoadToken = (partition, token) => Interlocked.Increment(ref asked) < 3 ? throw new TimeoutException("the database is away") : database.LoadAsync(partition, token),
            };
            var subscription = await bus.SubscribeAsync("s", database.Handler(), options).ConfigureAwait(false);
            await Subscribing.WaitAsync(subscription, 3).ConfigureAwait(false);
            var error = (await subscription.GetStatusAsync().ConfigureAwait(false)).LastError;
            Expect.True(error is StoreUnavailableException && error.Message.Contains("the database is away", StringComparison.Ordinal), "the last error gives the reason");
        }

        Expect.Equal([1, 2, 3], database.Effects, "effects");
    }

    private static async Task External_checkpoint_of_another_history_faults_the_subscription(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var database = new Database();
        var other = ResumeToken.Of(GlobalPosition.FromInt64(2), Guid.NewGuid(), 1);
        database.Commit(0, other, 1, []);
        var bus = Subscribing.On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("s", database.Handler(), new() { LoadToken = database.LoadAsync }).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Faulted, "it is faulted").ConfigureAwait(false);
            var cause = (await subscription.GetStatusAsync().ConfigureAwait(false)).StateCause;
            Expect.Equal(other, ((LogDivergedException)cause!).Token, "the token in the cause");
            Expect.Equal(0, database.Effects.Count, "effects");

            // The user decides where to continue.
            database.Forget();
            await subscription.ResumeAsync().ConfigureAwait(false);
            await Subscribing.WaitAsync(subscription, 3).ConfigureAwait(false);
            Expect.Equal([1, 2, 3], database.Effects, "effects");
        }
    }

    private static async Task External_checkpoint_never_passes_an_event_that_is_not_parked_yet(LogUnderTest log)
    {
        await log.AppendAsync("bad", Make.Event()).ConfigureAwait(false);
        await log.AppendAsync("good", Make.Event()).ConfigureAwait(false);
        var (database, parkedBefore) = (new Database(), new ConcurrentQueue<int>());
        var bus = Subscribing.On(log);
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach(async (e, delivery, token) =>
            {
                if (e.StreamId == "bad" && delivery.ResumeToken is not null) throw new InvalidOperationException("not yet");
                parkedBefore.Enqueue((await log.Log.ReadRecordsAsync(RecordKind.Parked, "", null, 10, token).ConfigureAwait(false)).Count);
                database.Commit(delivery.Partition, delivery.ResumeToken, delivery.FencingToken, [e.Position.ToInt64()]);
            });
            var options = new SubscriptionOptions { LoadToken = database.LoadAsync, OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } };
            var subscription = await bus.SubscribeAsync("s", handler, options).ConfigureAwait(false);
            await Subscribing.WaitAsync(subscription, 2).ConfigureAwait(false);
            Expect.Equal([1], parkedBefore, "events parked in the log when the next one is handled");
            Expect.Equal([1L], await Subscribing.ParkedAsync(subscription).ConfigureAwait(false), "parked");

            // On the retry the event has no token: the effect is committed without one.
            Expect.Equal(1, await subscription.RetryAsync("bad").ConfigureAwait(false), "handled");
        }

        Expect.Equal([2L, 1L], database.Effects, "effects");
        Expect.Equal(2L, database.TokenOf(0)!.Value.Position.ToInt64(), "the position is unchanged");
    }

    private static async Task External_checkpoint_is_refused_where_the_log_has_one(LogUnderTest log)
    {
        var bus = Subscribing.On(log);
        await using (bus.ConfigureAwait(false))
        {
            var subscription = await bus.SubscribeAsync("s", Subscribing.Collect([])).ConfigureAwait(false);
            await subscription.DisposeAsync().ConfigureAwait(false);
            await Expect.ThrowsAsync<InvalidOperationException>(
                () => bus.SubscribeAsync("s", Subscribing.Collect([]), new() { LoadToken = static (_, _) => Task.FromResult<ResumeToken?>(null) }), "the start").ConfigureAwait(false);
        }
    }

    private static async Task Stale_runner_is_refused_by_the_users_database(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var database = new Database();
        for (var run = 1; run <= 2; run++)
        {
            var bus = Subscribing.On(log);
            await using (bus.ConfigureAwait(false))
            {
                var subscription = await bus.SubscribeAsync("s", database.Handler(), new() { LoadToken = database.LoadAsync }).ConfigureAwait(false);
                await Subscribing.WaitAsync(subscription, run + 2).ConfigureAwait(false);
            }

            await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        }

        Expect.True(database.Epoch >= 2, "each runner has an epoch above the one before");
        await Expect.ThrowsAsync<InvalidOperationException>(
            () => Task.Run(() => database.Commit(0, ResumeToken.Of(GlobalPosition.FromInt64(9), Guid.NewGuid(), 1), database.Epoch - 1, [9])), "what a runner of an older epoch commits").ConfigureAwait(false);
    }

    /// <summary>A user's database: effects and, by partition, the token and the fencing token of the runner that committed last, in one transaction.</summary>
    private sealed class Database
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<int, (ResumeToken Token, long Epoch)> _places = [];

        internal List<long> Effects { get; } = [];

        internal ConcurrentQueue<int> Asked { get; } = [];

        internal long Epoch
        {
            get
            {
                lock (_lock) return _places[0].Epoch;
            }
        }

        internal SubscriptionHandler Handler() => SubscriptionHandler.RawEach((e, delivery, _) =>
        {
            Commit(delivery.Partition, delivery.ResumeToken, delivery.FencingToken, [e.Position.ToInt64()]);
            return Task.CompletedTask;
        });

        internal Task<ResumeToken?> LoadAsync(int partition, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Asked.Enqueue(partition);
            return Task.FromResult(TokenOf(partition));
        }

        internal ResumeToken? TokenOf(int partition)
        {
            lock (_lock) return _places.TryGetValue(partition, out var place) ? place.Token : null;
        }

        internal void Forget()
        {
            lock (_lock) _places.Clear();
        }

        internal void Commit(int partition, ResumeToken? token, long epoch, IEnumerable<long> effects)
        {
            lock (_lock)
            {
                if (_places.TryGetValue(partition, out var place))
                {
                    if (place.Epoch > epoch) throw new InvalidOperationException("A runner of a later epoch has taken over.");
                    if (token <= place.Token) return;
                }

                Effects.AddRange(effects);
                if (token is { } next) _places[partition] = (next, epoch);
            }
        }
    }
}
