using System.Text;
using Cluster.ApiServer.Admission.Webhooks;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class AdmissionReviewTests
{
    /// <summary>As Go reads it: the last counts.</summary>
    [Fact]
    public void Read_KeysThatStandTwice_TakesTheLast()
    {
        var answer = Read("""{"response":{"allowed":false},"response":{"uid":"u","uid":"u","allowed":false,"allowed":true,"status":{"code":1,"code":2}}}""");

        Assert.Equal((true, 2), (answer.Allowed, answer.Status!.Code));
    }

    [Theory]
    [InlineData("""{"response":{"allowed":"yes"}}""")]
    [InlineData("""{"response":{"allowed":true,"patch":1}}""")]
    [InlineData("""{"response":{"allowed":true}} {}""")]
    [InlineData("""{"response":{"allowed":true,"patch":"?"}}""")]
    [InlineData("""{"response":{"allowed":true,"auditAnnotations":{"a":1}}}""")]
    [InlineData("[]")]
    [InlineData("")]
    public void Read_WhatIsNoAnswer_IsOneFailure(string json) => Assert.Throws<FormatException>(() => Read(json));

    private static WebhookAnswer Read(string json) => AdmissionReview.Read(Encoding.UTF8.GetBytes(json), "u");
}
