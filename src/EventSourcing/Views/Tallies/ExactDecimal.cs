namespace EventSourcing.Views.Tallies;

/// <summary>Sums of decimals that are exact or an error, so that their order does not matter.</summary>
internal static class ExactDecimal
{
    /// <exception cref="OverflowException">The sum is out of the range, or has more digits than a decimal keeps.</exception>
    internal static decimal Add(decimal left, decimal right)
    {
        var sum = left + right;
        // The sum has the larger scale of the two, unless digits were rounded off to make room.
        if (sum.Scale >= Math.Max(left.Scale, right.Scale)) return sum;
        (left, right) = (Normalize(left), Normalize(right));
        sum = left + right;
        return sum.Scale >= Math.Max(left.Scale, right.Scale) ? sum : throw new OverflowException("the result has more digits than a decimal keeps");
    }

    /// <inheritdoc cref="Normalize(decimal)"/>
    internal static decimal? Normalize(decimal? value) => value is { } number ? Normalize(number) : null;

    /// <summary>The same number without trailing zeros and without a negative zero: one form for one number.</summary>
    internal static decimal Normalize(decimal value)
    {
        if (value == 0) return 0;
        while (value.Scale > 0)
        {
            var shorter = decimal.Round(value, value.Scale - 1);
            if (shorter != value) break;
            value = shorter;
        }

        return value;
    }
}
