namespace EventSourcing.Views.Tallies;

/// <summary>One change of a figure by an event: exactly one of the two functions is given.</summary>
/// <param name="figure">The figure.</param>
/// <param name="isSubtracted">True where the value is subtracted.</param>
/// <param name="whole">The value as an integer.</param>
/// <param name="number">The value as a decimal.</param>
internal sealed class FigureStep<T>(Figure figure, bool isSubtracted, Func<T, long>? whole, Func<T, decimal>? number)
{
    internal Figure Figure => figure;

    /// <summary>The figure's place in a row.</summary>
    internal int Place { get; set; }

    internal decimal ValueOf(T item)
    {
        var value = whole is null ? number!(item) : whole(item);
        return isSubtracted ? -value : value;
    }

    public override string ToString() => $"{(figure.Kind switch { FigureKind.Minimum => "lowest", FigureKind.Maximum => "highest", _ => isSubtracted ? "subtract" : "add" })} {figure.Name}";
}
