using System.Text;
using Cluster.Api;
using Cluster.Api.Custom.Paths;
using Cluster.Api.Quantities;
using Cluster.Api.Schedules;
using Cluster.Api.Selectors;
using Cluster.Fuzz.Tests.Generating;
using CsCheck;

namespace Cluster.Fuzz.Tests.Edges;

/// <summary>The small languages in queries and fields: what is understood is written so that it is understood the same again.</summary>
public sealed class SelectorFuzzTests
{
    private static readonly Gen<string> Selector = Gen.Select(
        Texts.Any, Gen.OneOf("=", "==", "!=", " in ", " notin ", ">", "<", "", "!"), Gen.Frequency((2, Texts.Any), (2, Texts.Any.Array[0, 4].Select(values => $"({string.Join(',', values)})"))), (key, sign, value) => key + sign + value)
        .Array[0, 4].Select(terms => string.Join(',', terms));

    private static readonly Gen<string> Cron = Gen.OneOf("*", "*/5", "0", "1-5", "31", "2", "9-3", "1,2", "jan", "?", "60", "*/0", "1-31/7").Array[4, 6].Select(fields => string.Join(' ', fields));

    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["a"] = "b", ["name"] = "1", ["labels"] = "" };

    [Fact]
    public Task LabelSelectors() => Fuzzer.RunAsync(Edge.Of("label-selectors", Damage.Of(Selector), input =>
    {
        if (Parse(() => LabelSelector.Parse(Encoding.UTF8.GetString(input))) is not { } selector)
            return;
        var again = LabelSelector.Parse(selector.ToString());
        Assert.Equal((selector.ToString(), selector.Matches(Labels)), (again.ToString(), again.Matches(Labels)));
    }));

    [Fact]
    public Task FieldSelectors() => Fuzzer.RunAsync(Edge.Of("field-selectors", Damage.Of(Selector), input =>
    {
        var text = Encoding.UTF8.GetString(input);
        FieldSelector.NameIn(text);
        foreach (var type in ResourceCatalog.All)
        {
            if (Parse(() => FieldSelector.Parse(text, type)) is not { } selector)
                continue;
            var obj = (IApiObject)type.Descriptor.Parser.ParseFrom(Google.Protobuf.ByteString.Empty);
            var again = FieldSelector.Parse(selector.ToString(), type);
            Assert.Equal((selector.ToString(), selector.Matches(obj)), (again.ToString(), again.Matches(obj)));
        }
    }));

    [Fact]
    public Task Words() => Fuzzer.RunAsync(Edge.Of("words", Damage.Of(Gen.Frequency((3, Texts.Any), (1, Cron))), input =>
    {
        var text = Encoding.UTF8.GetString(input);
        if (CronSchedule.Error(text) is null)
        {
            var schedule = CronSchedule.Parse(text);
            schedule.Next(DateTimeOffset.UnixEpoch, TimeZoneInfo.Utc);
            schedule.Between(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1), 100, TimeZoneInfo.Utc);
        }

        if (QuantityValue.TryParse(text, out var quantity))
        {
            var written = quantity.ToString();
            Assert.Equal(quantity, QuantityValue.Parse(written));
            Assert.Equal(written, QuantityValue.Parse(written).ToString());
            _ = (quantity.Value, quantity.MilliValue, quantity + quantity, quantity - quantity, quantity.GetHashCode());
        }

        try
        {
            JsonPath.Parse(text).Find(System.Text.Json.Nodes.JsonNode.Parse("""{"a":[{"b":1},{"b":[2,3]}],"spec":{"x":"y"}}"""));
        }
        catch (FormatException)
        {
            // No path.
        }
    }));

    private static T? Parse<T>(Func<T> parse)
        where T : class
    {
        try
        {
            return parse();
        }
        catch (StatusException refusal)
        {
            Assert.Equal(400, refusal.Code);
            return null;
        }
    }
}
