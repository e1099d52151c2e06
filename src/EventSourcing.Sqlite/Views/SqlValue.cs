using System.Globalization;
using System.Text;
using System.Text.Json;
using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Views;

/// <summary>A value of a column as SQLite stores it.</summary>
internal readonly struct SqlValue
{
    private readonly int _type;
    private readonly long _bits;
    private readonly byte[]? _bytes;

    private SqlValue(int type, long bits, byte[]? bytes) => (_type, _bits, _bytes) = (type, bits, bytes);

    private double Real => BitConverter.Int64BitsToDouble(_bits);

    private bool IsNumber => _type is NativeMethods.TypeInteger or NativeMethods.TypeReal;

    internal static SqlValue Of(Statement statement, int column)
    {
        if (statement.IsNull(column)) return new(NativeMethods.TypeNull, 0, null);
        if (statement.IsReal(column)) return new(NativeMethods.TypeReal, BitConverter.DoubleToInt64Bits(statement.Real(column)), null);
        if (statement.IsText(column)) return new(NativeMethods.TypeText, 0, statement.Bytes(column).ToArray());
        return statement.IsBlob(column) ? new(NativeMethods.TypeBlob, 0, statement.Bytes(column).ToArray()) : new(NativeMethods.TypeInteger, statement.Int64(column), null);
    }

    /// <summary>The whole number; 0 for others.</summary>
    internal long WholeNumber => _type == NativeMethods.TypeInteger ? _bits : 0;

    /// <summary>True for equal values of the same type.</summary>
    internal bool Is(in SqlValue other) => _type == other._type && _bits == other._bits && _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <summary>Compares in SQLite's order of values: null, numbers, text, blobs (sqlite.org/datatype3.html#sort_order), without a collation.</summary>
    internal int CompareTo(in SqlValue other)
    {
        if (!IsNumber || !other.IsNumber) return _type != other._type ? Rank(_type).CompareTo(Rank(other._type)) : _bytes.AsSpan().SequenceCompareTo(other._bytes);
        return Number.CompareTo(other.Number);
    }

    internal void WriteTo(Utf8JsonWriter json)
    {
        switch (_type)
        {
            case NativeMethods.TypeNull: json.WriteNullValue(); break;
            case NativeMethods.TypeInteger: json.WriteNumberValue(_bits); break;
            case NativeMethods.TypeReal when double.IsFinite(Real): json.WriteRawValue(Real.ToString("0.0################", CultureInfo.InvariantCulture)); break;
            default: json.WriteStringValue(ToString()); break;
        }
    }

    public override string ToString() => _type switch
    {
        NativeMethods.TypeNull => "null",
        NativeMethods.TypeInteger => _bits.ToString(CultureInfo.InvariantCulture),
        NativeMethods.TypeReal => Real.ToString("R", CultureInfo.InvariantCulture),
        NativeMethods.TypeText => Encoding.UTF8.GetString(_bytes!),
        _ => $"x'{Convert.ToHexString(_bytes!)}'",
    };

    // Exact for integers and for doubles.
    private ViewValue Number => _type == NativeMethods.TypeInteger ? ViewValue.Of(_bits) : ViewValue.Of(Real);

    private static int Rank(int type) => type switch { NativeMethods.TypeNull => 0, NativeMethods.TypeText => 2, NativeMethods.TypeBlob => 3, _ => 1 };
}
