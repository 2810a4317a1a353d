import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { newEvent } from '@libs/events/envelope';
@Module({})
class AppModule {}
const app = await NestFactory.create(AppModule);
console.log(typeof newEvent, !!app);
