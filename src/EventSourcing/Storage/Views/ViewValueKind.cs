namespace EventSourcing.Storage;

/// <summary>The form of a <see cref="ViewValue"/>, in the order in which values of different forms are sorted.</summary>
public enum ViewValueKind
{
    /// <summary>No value.</summary>
    Null = 0,

    /// <summary>An integer of 64 bits.</summary>
    WholeNumber = 1,

    /// <summary>A number with a fraction, as a double.</summary>
    Number = 2,

    /// <summary>Text, compared by its UTF-8.</summary>
    Text = 3,
}
