using System.Text;
using Cluster.ApiServer.CustomResources.Conversion;

namespace Cluster.ApiServer.Tests.CustomResources;

public sealed class ConversionReviewTests
{
    /// <summary>As Go reads it: the last counts.</summary>
    [Fact]
    public void Read_KeysThatStandTwice_TakesTheLast()
    {
        const string json = """
            {"kind":"x","kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","response":{},
             "response":{"uid":"u","uid":"u","result":{"status":"Success"},"convertedObjects":[{"a":1,"a":2}]}}
            """;

        var converted = ConversionReview.Read(Encoding.UTF8.GetBytes(json), "u", "v1");

        Assert.Equal("""[{"a":2}]""", converted.ToJsonString());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("")]
    public void Read_WhatIsNoAnswer_IsOneFailure(string json) =>
        Assert.Throws<FormatException>(() => ConversionReview.Read(Encoding.UTF8.GetBytes(json), "u", "v1"));
}
