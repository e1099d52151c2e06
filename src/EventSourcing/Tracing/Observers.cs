using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing.Tracing;

/// <summary>The one place where code of those who watch is called: meter and activity listeners, events for applications. What it throws changes nothing of what is watched.</summary>
/// <remarks>
/// A listener belongs to the process, not to the caller whose append it looks at, so there is no call to fail. What listeners throw is counted
/// instead, and the count is an instrument of its own (<see cref="EventSourcingTelemetry.ObserverFailures"/>). Listeners after the one that threw are not told.
/// </remarks>
internal static class Observers
{
    private static long s_failures;

    /// <summary>How often an observer threw since the process began.</summary>
    internal static long Failures => Volatile.Read(ref s_failures);

    /// <summary>Makes a source or an instrument, which is shown to listeners; null when one of them threw: it reports nothing then, for the life of the process.</summary>
    internal static T? Create<T>(Func<T> create) where T : class
    {
        try
        {
            return create();
        }
        catch (Exception)
        {
            Failed();
            return null;
        }
    }

    /// <summary>Begins an activity; null when nobody wants it, or a listener threw.</summary>
    internal static Activity? Start(string name, ActivityKind kind, IEnumerable<ActivityLink>? links = null)
    {
        var outer = Activity.Current;
        try
        {
            return Instruments.Source?.StartActivity(name, kind, parentContext: default, tags: null, links);
        }
        catch (Exception)
        {
            Failed();
            // The activity that was being begun may be the current one already, and nobody has it to end it.
            Activity.Current = outer;
            return null;
        }
    }

    /// <summary>Ends an activity.</summary>
    internal static void Stop(Activity? activity)
    {
        if (activity is null) return;
        var outer = activity.Parent;
        try
        {
            activity.Dispose();
        }
        catch (Exception)
        {
            Failed();
            // What would have been done after the listeners were told.
            Activity.Current = outer;
        }
    }

    internal static void Record(Histogram<double>? histogram, double value, in TagList tags)
    {
        try
        {
            histogram?.Record(value, tags);
        }
        catch (Exception)
        {
            Failed();
        }
    }

    internal static void Add(Counter<long>? counter, long value, in TagList tags)
    {
        try
        {
            counter?.Add(value, tags);
        }
        catch (Exception)
        {
            Failed();
        }
    }

    /// <summary>Adds what a collection is to see; where that throws, the rest of it is left out.</summary>
    internal static void Collect<T>(List<T> into, Action<List<T>> observe)
    {
        try
        {
            observe(into);
        }
        catch (Exception)
        {
            Failed();
        }
    }

    /// <summary>Calls every handler of an event; one that throws does not keep the others from being told.</summary>
    internal static void Tell<T>(Action<T> handlers, T value)
    {
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(value);
            }
            catch (Exception)
            {
                Failed();
            }
        }
    }

    private static void Failed() => Interlocked.Increment(ref s_failures);
}
