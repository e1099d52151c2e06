using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EventSourcing.Tracing;

/// <summary>The one place that calls code of observers: meter listeners, activity listeners and handlers of events. Their exceptions do not change the result of the observed operation.</summary>
/// <remarks>
/// An observer belongs to the process, not to the caller whose append it observes, so its exception fails no call. The exception is counted
/// instead, and the count is an instrument of its own (<see cref="EventSourcingTelemetry.ObserverFailures"/>). Observers after the one that threw are not called.
/// </remarks>
internal static class Observers
{
    private static long s_failures;

    /// <summary>The number of exceptions of observers since the process started.</summary>
    internal static long Failures => Volatile.Read(ref s_failures);

    /// <summary>Creates a source or an instrument, which is published to the activity or meter listeners. Null when one of them threw; it then reports nothing until the process ends.</summary>
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

    /// <summary>Starts an activity; null when no activity listener samples it, or when one threw.</summary>
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
            // The activity may already be the current one, and no caller has a reference to end it.
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
            // The steps that the framework takes after it has called the activity listeners.
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

    /// <summary>Adds the measurements of a collection. When that throws, the remaining measurements are left out.</summary>
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

    /// <summary>Calls every handler of an event; when one throws, the others are still called.</summary>
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
