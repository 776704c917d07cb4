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
    [InlineData("?limit=5&fieldSelector=metadata.name%3Dweb", 0)]
    public void Of_AList_SaysHowManyObjectsItLooksAt(string query, long limit)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = "GET";
        request.QueryString = new QueryString(query);
        Assert.Equal(("LIST", limit), (RequestLabels.Of(request, RequestPath.Parse("/api/v1/pods")).Verb, RequestLabels.Of(request, RequestPath.Parse("/api/v1/pods")).Limit));
    }
}
