using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.KillTest.Views;

/// <summary>What a run saw. Durations are counted from the declaration of a version in a process.</summary>
/// <param name="Deployments">How often a process went over to another version.</param>
/// <param name="Events">Events in the log at the end.</param>
/// <param name="AppendsPerSecond">Appends per second, of both processes.</param>
/// <param name="Reads">Reads by both processes.</param>
/// <param name="Failed">Reads that failed.</param>
/// <param name="Other">Reads that gave a document of another version than the declared one.</param>
/// <param name="SwitchMedian">How long a new version took until it was read, median.</param>
/// <param name="SwitchMax">The longest of them.</param>
/// <param name="BackMedian">How long a version that had a build took until it was read at the head, median.</param>
/// <param name="BackMax">The longest of them.</param>
/// <param name="Violations">The sum of what must not be.</param>
public sealed record ViewsDeployReport(
    int Deployments, long Events, double AppendsPerSecond, long Reads, long Failed, long Other, TimeSpan SwitchMedian, TimeSpan SwitchMax, TimeSpan BackMedian, TimeSpan BackMax, int Violations) : IViewsReport;

/// <summary>Two processes append and read, and go over to one version of a view after the other, forward and back.</summary>
public static class ViewsDeployRun
{
    private const int Processes = 2;

    /// <summary>Deploys versions.</summary>
    public static async Task<ViewsDeployReport> RunAsync(string folder, int versions, int events, int seed)
    {
        var filled = 0L;
        await using (var place = ViewsPlace.Open(folder))
        {
            await place.FillAsync(new(seed), events);
            filled = (await place.Store.GetHeadAsync()).ToInt64();
        }

        var workers = Enumerable.Range(0, Processes).Select(_ => new ViewsWorkerProcess(["deploying", folder])).ToList();
        try
        {
            foreach (var worker in workers) await worker.WaitForAsync(0, "active");
            var began = Stopwatch.GetTimestamp();
            List<(TimeSpan Served, TimeSpan CaughtUp)> forward = [], back = [];
            for (var version = 1; version <= versions; version++)
                foreach (var worker in workers) forward.Add(await DeployAsync(worker, version));
            for (var version = versions - 1; version > 0; version--)
                foreach (var worker in workers) back.Add(await DeployAsync(worker, version));
            var taken = Stopwatch.GetElapsedTime(began);
            long[] sums = [0, 0, 0, 0];
            foreach (var worker in workers)
            {
                await worker.EndAsync();
                var counted = worker.Lines[^1].Split(' ');
                for (var i = 0; i < sums.Length; i++) sums[i] += long.Parse(counted[i + 1], CultureInfo.InvariantCulture);
            }

            var (served, caughtUp) = (forward.Select(d => d.Served).Order().ToArray(), back.Select(d => d.CaughtUp).Order().ToArray());
            return new(
                forward.Count + back.Count, filled + sums[3], Math.Round(sums[3] / taken.TotalSeconds), sums[0], sums[1], sums[2],
                served[served.Length / 2], served[^1], caughtUp[caughtUp.Length / 2], caughtUp[^1], (int)(sums[1] + sums[2]));
        }
        finally
        {
            foreach (var worker in workers) worker.Dispose();
        }
    }

    /// <summary>One of the processes.</summary>
    public static Task WorkAsync(string folder) => ViewsDeployWorker.RunAsync(folder);

    private static async Task<(TimeSpan Served, TimeSpan CaughtUp)> DeployAsync(ViewsWorkerProcess worker, int version)
    {
        var said = worker.Count;
        worker.Send(version.ToString(CultureInfo.InvariantCulture));
        var answer = (await worker.WaitForAsync(said, "serves")).Split(' ');
        return (Milliseconds(answer[2]), Milliseconds(answer[3]));

        static TimeSpan Milliseconds(string text) => TimeSpan.FromMilliseconds(int.Parse(text, CultureInfo.InvariantCulture));
    }
}
