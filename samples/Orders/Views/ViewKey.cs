namespace Orders.Views;

/// <summary>Keys of documents.</summary>
public static class ViewKey
{
    /// <summary>The key of the only document of a projection.</summary>
    public const string All = "all";

    /// <summary>The key for a name. Other programs' JSON may leave a name out, and a key is never empty.</summary>
    public static string Of(string name) => name.Length > 0 ? name : "(none)";
}
