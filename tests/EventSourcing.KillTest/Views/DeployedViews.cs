namespace EventSourcing.KillTest.Views;

/// <summary>The views of the version that a process declares. Another version takes their place without a read in between; the old views are disposed once no read uses them.</summary>
internal sealed class DeployedViews : IAsyncDisposable
{
    private readonly EventBus _bus;
    private readonly Lock _lock = new();
    private Deployed? _current;

    internal DeployedViews(EventBus bus) => _bus = bus;

    /// <summary>Declares a version, and from then on reads it.</summary>
    internal async Task DeployAsync(int version)
    {
        var next = new Deployed(version, new(_bus, [new ItemList(version)]));
        await next.Views.StartAsync();
        Deployed? before;
        lock (_lock) (before, _current) = (_current, next);
        if (before is not null) await before.RetireAsync();
    }

    /// <summary>Reads with the version that is declared now.</summary>
    internal async Task<T> ReadAsync<T>(Func<int, IView<ItemRow>, Task<T>> read)
    {
        Deployed deployed;
        lock (_lock)
        {
            deployed = _current!;
            deployed.Enter();
        }

        try
        {
            return await read(deployed.Version, deployed.Views.View<ItemRow>());
        }
        finally
        {
            deployed.Leave();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_current is { } current) await current.RetireAsync();
    }

    private sealed class Deployed(int version, EventViews views)
    {
        private readonly TaskCompletionSource _unused = new(TaskCreationOptions.RunContinuationsAsynchronously);
        // The declaration itself counts as one.
        private int _uses = 1;

        internal int Version => version;

        internal EventViews Views => views;

        internal void Enter() => Interlocked.Increment(ref _uses);

        internal void Leave()
        {
            if (Interlocked.Decrement(ref _uses) == 0) _unused.SetResult();
        }

        internal async Task RetireAsync()
        {
            Leave();
            await _unused.Task;
            await views.DisposeAsync();
        }
    }
}
