using System.Globalization;
using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>Checks of the bounds of a read, with the same messages wherever a range is given.</summary>
internal static class Require
{
    internal static void Direction(ReadDirection direction)
    {
        if (!Enum.IsDefined(direction)) throw new ArgumentOutOfRangeException(nameof(ReadAllOptions.Direction), direction, "Direction is Forward or Backward.");
    }

    internal static void NotNegative(long value, string name)
    {
        if (value < 0) throw new ArgumentOutOfRangeException(name, value, $"{name} is 0 or more.");
    }

    internal static void AtLeastOne(long? value, string name)
    {
        if (value < 1) throw new ArgumentOutOfRangeException(name, value, $"{name} is 1 or more; null for no maximum.");
    }

    /// <summary>Refuses a range that ends before it begins. One that ends where it begins holds no event, and is what a reader has that has read everything.</summary>
    internal static void Range(long after, long? through, string afterName, string throughName)
    {
        if (through < after)
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"{afterName} {after} is above {throughName} {through}: no event is in this range. {afterName} is exclusive, {throughName} inclusive, in both directions."), throughName);
    }
}
