namespace EventSourcing.Views.Tallies;

/// <summary>How the values of a figure are put together.</summary>
internal enum FigureKind
{
    Sum,
    Minimum,
    Maximum,
}
