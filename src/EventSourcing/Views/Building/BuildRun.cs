using EventSourcing.Storage;

namespace EventSourcing.Views.Building;

/// <summary>One build while this process works on it: reports its beginning and its end, and is measured meanwhile. Progress may be reported and read by any thread.</summary>
internal sealed class BuildRun : IProgress<ViewProgress>
{
    private readonly ViewBuildId _id;
    private readonly IProgress<ViewProgress>? _progress;
    private readonly TimeProvider _time;
    private readonly Action<ViewBuildChange> _changed;
    private readonly GlobalPosition _from;
    private readonly long _begun;
    private volatile ViewProgress? _last;

    private BuildRun(ViewContext context, ViewBuildId id, GlobalPosition from, IProgress<ViewProgress>? progress)
    {
        (_id, _from, _progress, _time, _changed, _begun) = (id, from, progress, context.Time, context.BuildChanged, context.Time.GetTimestamp());
        Set = $"{id.Set}.v{id.Version}";
    }

    /// <summary>Name and version of the set.</summary>
    internal string Set { get; }

    /// <summary>The handled part of the log, from 0 to 1.</summary>
    internal double Part => _last is { } last && last.Head > GlobalPosition.Start ? Math.Min(1, (double)last.Position.ToInt64() / last.Head.ToInt64()) : 0;

    /// <param name="context">What the sets share.</param>
    /// <param name="id">The build.</param>
    /// <param name="from">What is handled already.</param>
    /// <param name="progress">The caller's; null for none.</param>
    /// <param name="buildAsync">Builds, and makes the build the one that serves.</param>
    internal static async Task RunAsync(ViewContext context, ViewBuildId id, GlobalPosition from, IProgress<ViewProgress>? progress, Func<BuildRun, Task> buildAsync)
    {
        var run = new BuildRun(context, id, from, progress);
        run.Tell(ViewBuildState.Begun, null);
        BuildGauge.Add(run);
        try
        {
            await buildAsync(run).ConfigureAwait(false);
            run.Tell(ViewBuildState.Complete, null);
        }
        catch (Exception e)
        {
            run.Tell(ViewBuildState.Ended, e);
            throw;
        }
        finally
        {
            BuildGauge.Remove(run);
        }
    }

    public void Report(ViewProgress value)
    {
        _last = value;
        _progress?.Report(value);
    }

    private void Tell(ViewBuildState state, Exception? error) => _changed(new()
    {
        Set = _id.Set,
        Version = _id.Version,
        Build = _id.Build,
        State = state,
        Position = _last?.Position ?? _from,
        Elapsed = state == ViewBuildState.Begun ? TimeSpan.Zero : _time.GetElapsedTime(_begun),
        Error = error,
    });
}
