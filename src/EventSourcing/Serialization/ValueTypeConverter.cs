using System.ComponentModel;
using System.Globalization;

namespace EventSourcing.Serialization;

/// <summary>Converts a value of the library from and to its text, for configuration and model binding. An empty text is <c>default</c>.</summary>
internal sealed class ValueTypeConverter<T> : TypeConverter
    where T : struct, ISpanParsable<T>
{
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        value is string text ? text.Length == 0 ? default : T.Parse(text, CultureInfo.InvariantCulture) : base.ConvertFrom(context, culture, value);

    public override object? ConvertTo(ITypeDescriptorContext? context, CultureInfo? culture, object? value, Type destinationType) =>
        value is T && destinationType == typeof(string) ? value.ToString() : base.ConvertTo(context, culture, value, destinationType);
}
