using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Tests.Hosting;

public sealed class RequestLabelsTests
{
    [Theory]
    [InlineData("?limit=5", 5)]
    [InlineData("", 0)]
    [InlineData("?limit=5&resourceVersion=0", 0)]
    [InlineData("?limit=5&labelSelector=app%3Dweb", 0)]
    [InlineData("?limit=5&fieldSelector=spec.nodeName%3Dhere", 0)]
    [InlineData("?limit=5&fieldSelector=metadata.name!%3Dweb", 0)]
    [InlineData("?limit=5&fieldSelector=metadata.name%3Dweb", 1)]
    [InlineData("?fieldSelector=spec.nodeName%3Dhere,metadata.name%3D%3Dweb", 1)]
    public void Of_AList_SaysHowManyObjectsItLooksAt(string query, long limit)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = "GET";
        request.QueryString = new QueryString(query);
        Assert.Equal(("LIST", limit), (RequestLabels.Of(request, RequestPath.Parse("/api/v1/pods")).Verb, RequestLabels.Of(request, RequestPath.Parse("/api/v1/pods")).Limit));
    }

    [Theory]
    [InlineData("?watch=true", true)]
    [InlineData("?watch=true&resourceVersion=0", true)]
    [InlineData("?watch=true&resourceVersion=7", false)]
    [InlineData("?watch=true&fieldSelector=metadata.name%3Dweb", false)]
    [InlineData("?watch=true&resourceVersion=7&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", true)]
    [InlineData("", false)]
    public void Of_AWatch_SaysWhetherTheStateComesFirst(string query, bool first)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = "GET";
        request.QueryString = new QueryString(query);
        Assert.Equal(first, RequestLabels.Of(request, RequestPath.Parse("/api/v1/pods")).FromBeginning);
    }

    [Fact]
    public void Key_OfListsWithOtherLimits_IsTheSame()
    {
        var keys = Enumerable.Range(1, 100).Select(limit => new RequestLabels("LIST", "", "pods", "", LongRunning: false) { Limit = limit }.Key);

        // Metrics keep one for each for good.
        Assert.Single(keys.Distinct());
    }
}
