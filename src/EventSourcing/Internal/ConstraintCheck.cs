using EventSourcing.Serialization;

namespace EventSourcing.Internal;

/// <summary>Checks the events of an append against the constraints of their types.</summary>
internal static class ConstraintCheck
{
    /// <summary>Throws when an event violates a constraint. All violations of all events are named.</summary>
    /// <exception cref="InvalidEventException">An event violates a constraint.</exception>
    internal static void Run(Append append, EventTypeMap types)
    {
        var (violations, first, number) = ((List<string>?)null, "", 0);
        foreach (ref readonly var write in append.Writes)
            foreach (var e in write.Events)
            {
                number++;
                var data = EventData.DataOf(e);
                if (!types.TryGet(data.GetType(), out var type)) continue;
                foreach (var constraint in type.Constraints)
                {
                    if (ViolationOf(constraint, data) is not { } violation) continue;
                    if (violations is null) first = type.Name;
                    (violations ??= []).Add($"{violation} (event {number} of the append, '{type.Name}', for stream '{write.Stream}')");
                }
            }

        if (violations is not null) throw new InvalidEventException(first, violations);
    }

    private static string? ViolationOf(Constraint constraint, object data)
    {
        try
        {
            return constraint.Holds(data) ? null : constraint.Rule;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return $"{constraint.Rule}: the check failed with {e.GetType().Name}: {e.Message}";
        }
    }
}
