using Cluster.Api.Quantities;

namespace Cluster.Api.Tests.Vectors;

public sealed class QuantityVectorTests
{
    [Fact]
    public void Parse_EveryText_IsWhatGoMakesOfIt() => Vector.CheckAll<QuantityVector>("quantities.json", vector =>
    {
        var actual = Ours(vector);
        return actual == vector ? null : $"\n  expected {vector}\n  actual   {actual}";
    });

    private static QuantityVector Ours(QuantityVector vector)
    {
        try
        {
            var value = QuantityValue.Parse(vector.Text);
            var sum = vector.Added is null ? null : (value + QuantityValue.Parse(vector.Added)).ToString();
            return new QuantityVector(
                vector.Text, value.ToString(), vector.Value is null ? null : value.Value, vector.Milli is null ? null : value.MilliValue, null, vector.Added, sum);
        }
        catch (FormatException error)
        {
            return new QuantityVector(vector.Text, null, null, null, error.Message, null, null);
        }
    }
}

public sealed record QuantityVector(string Text, string? Canonical, long? Value, long? Milli, string? Error, string? Added, string? Sum);
