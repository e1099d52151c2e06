using EventSourcing;
using Microsoft.AspNetCore.Diagnostics;

await using var app = WebApplication.CreateBuilder().Build();

// blocks
