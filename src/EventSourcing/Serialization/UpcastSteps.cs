namespace EventSourcing.Serialization;

/// <summary>Checks the steps between the schema numbers of one entry.</summary>
internal static class UpcastSteps
{
    /// <summary>Throws unless there is one step from each older number. An entry whose serializer reads the numbers by itself needs none.</summary>
    /// <exception cref="UpcastChainException">There is a gap or a duplicate, or a step leads beyond the current number.</exception>
    internal static void ThrowIfBroken(EventTypeEntry entry, bool isJson)
    {
        var (steps, current) = (entry.Upcasters, entry.SchemaVersion);
        if (steps.Count == 0 && !isJson) return;
        foreach (var step in steps)
        {
            if (step.From >= current)
                throw Broken(entry, step.From, step.Target(current), $"the entry's current number is {current}, so the step does not lead to it. Raise the number: e.SchemaVersion({step.From + 1}), or remove the upcaster");
            if (steps.FirstOrDefault(other => other != step && other.From == step.From) is { } twin)
                throw Broken(entry, step.From, step.Target(current), $"because another upcaster leads from {step.From} to {twin.Target(current)}. Remove one of them");
        }

        var from = 1;
        while (from < current && steps.Any(step => step.From == from)) from++;
        if (from < current)
            throw Broken(entry, from, $"{from + 1}", $"it does not exist, and the current number is {current}. Add it: e.Upcast(from: {from}, json => …); where JSON of number {from} is read as it is: e.Upcast(from: {from}, json => json)");
    }

    private static UpcastChainException Broken(EventTypeEntry entry, int from, string to, string problem) => new(entry.Name, $"{from}", to, problem);
}
