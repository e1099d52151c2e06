using System.Globalization;
using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>Validates the bounds of a read, with the same messages for every kind of range.</summary>
internal static class Require
{
    internal static void Direction(ReadDirection direction)
    {
        if (!Enum.IsDefined(direction)) throw new ArgumentOutOfRangeException(nameof(ReadAllOptions.Direction), direction, "Direction must be Forward or Backward.");
    }

    internal static void NotNegative(long value, string name)
    {
        if (value < 0) throw new ArgumentOutOfRangeException(name, value, $"{name} must be 0 or more.");
    }

    internal static void AtLeastOne(long? value, string name)
    {
        if (value < 1) throw new ArgumentOutOfRangeException(name, value, $"{name} must be 1 or more, or null for no maximum.");
    }

    /// <summary>Refuses a range that ends before it begins. A range whose end equals its start is allowed and empty: a reader that has read everything has it.</summary>
    internal static void Range(long after, long? through, string afterName, string throughName)
    {
        if (through < after)
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"{afterName} {after} is above {throughName} {through}: no event is in this range. {afterName} is exclusive, {throughName} inclusive, in both directions."), throughName);
    }
}
