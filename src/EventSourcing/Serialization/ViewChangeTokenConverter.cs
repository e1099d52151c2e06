namespace EventSourcing;

/// <summary>A <see cref="ViewChangeToken"/> as its text; <c>default</c> as null.</summary>
public sealed class ViewChangeTokenConverter : ValueJsonConverter<ViewChangeToken>
{
    /// <summary>Makes a converter. Source-generated contracts call it.</summary>
    public ViewChangeTokenConverter()
        : base("a token of a view's changes, as ViewChangeToken.ToString writes it")
    {
    }
}
