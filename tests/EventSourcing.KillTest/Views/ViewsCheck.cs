using System.Diagnostics;

namespace EventSourcing.KillTest.Views;

/// <summary>Compares the views with the log, and looks for files that nobody needs.</summary>
internal sealed class ViewsCheck
{
    private const int Verifications = 5;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1), s_interval = TimeSpan.FromMilliseconds(20);
    // A process looks three times per lease timeout, and waits one timeout for the lease of a process that was killed.
    private static readonly TimeSpan s_cleaning = 4 * ViewsPlace.LeaseTimeout;

    internal int Checks { get; private set; }

    /// <summary>Documents that are not what the log gives.</summary>
    internal int Wrong { get; private set; }

    /// <summary>Verifications that found a difference.</summary>
    internal int Different { get; private set; }

    /// <summary>Sets that did not come to the head.</summary>
    internal int Stuck { get; private set; }

    /// <summary>Files that neither served nor were built.</summary>
    internal int Left { get; private set; }

    /// <summary>The longest time until such files were removed.</summary>
    internal TimeSpan LongestCleaning { get; private set; }

    internal int Violations => Wrong + Different + Stuck + Left;

    /// <summary>Waits until the sets are at the head, and compares each with the log.</summary>
    internal async Task CompareAsync(ViewsPlace place, bool verifies)
    {
        Checks++;
        foreach (var set in place.Views.Sets)
        {
            try
            {
                await place.Views.WaitForPositionAsync(set.Name, await place.Store.GetHeadAsync()).WaitAsync(s_patience);
            }
            catch (Exception e) when (e is TimeoutException or EventSourcingException)
            {
                Stuck++;
                Complain($"set {set} does not come to the head: {e.Message}");
                continue;
            }

            using (var snapshot = await place.Views.OpenSnapshotAsync(set.Name))
            {
                var model = await ItemModel.ReadAsync(place.Store, snapshot.Position);
                var wrong = await model.CountWrongAsync(snapshot, set.Name);
                if (wrong > 0) Complain($"set {set} has {wrong} wrong documents at {snapshot.Position}");
                Wrong += wrong;
            }

            if (!verifies || await VerifyAsync(place, set.Name) is not { IsEqual: false } verification) continue;
            Different++;
            Complain($"set {set} at {verification.Position}: {verification.Difference}");
        }
    }

    // On a machine that is busy for longer than the lease timeout the lease of the verification is lost.
    private static async Task<ViewVerification> VerifyAsync(ViewsPlace place, string set)
    {
        for (var i = 1; ; i++)
        {
            try
            {
                return await place.Views.VerifyAsync(set);
            }
            catch (LeaseLostException) when (i < Verifications)
            {
            }
        }
    }

    /// <summary>Waits until there is no file but those of the serving builds. No set is being built, and a process runs the sets.</summary>
    internal async Task LookForFilesAsync(ViewsPlace place)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var serving = (await place.Views.GetStatusAsync()).Select(status => status.Path).OfType<string>().ToList();
            var left = Directory.GetFiles(ViewsPlace.LogOf(place.Folder) + ".views").Where(file => !serving.Exists(path => file.StartsWith(path, StringComparison.Ordinal))).ToList();
            var taken = Stopwatch.GetElapsedTime(began);
            if (left.Count == 0)
            {
                if (taken > LongestCleaning) LongestCleaning = taken;
                return;
            }

            if (taken > s_cleaning)
            {
                Left += left.Count;
                Complain($"left beside {string.Join(", ", serving.Select(Path.GetFileName))}: {string.Join(", ", left.Select(Path.GetFileName))}");
                return;
            }

            await Task.Delay(s_interval);
        }
    }

    internal static void Complain(string what) => Console.Error.WriteLine(what);
}
