using EventSourcing.AspNetCore;

var builder = WebApplication.CreateBuilder();
