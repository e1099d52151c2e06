namespace EventSourcing;

/// <summary>Refuses delegates of which not every result would be used.</summary>
internal static class HandlerDelegate
{
    /// <summary>Throws where a delegate has several targets: the caller gets the last one's result only, so nothing would wait for the tasks of the others.</summary>
    /// <param name="handler">The delegate.</param>
    /// <param name="name">The parameter that it was given for.</param>
    /// <exception cref="ArgumentException">It has several targets.</exception>
    internal static void ThrowIfCombined(Delegate handler, string name)
    {
        ArgumentNullException.ThrowIfNull(handler, name);
        if (!handler.HasSingleTarget)
            throw new ArgumentException($"The delegate '{name}' has several targets, and only the result of the last one would be used. Pass one delegate that calls them one after another.", name);
    }
}
